"""A generative adversarial network on MNIST digits: two networks and two optimizers in one step."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.janus.job import Job
from diptych.demo.data import load


class Generator(nn.Module):
    """Noise [batch, noise] to images [batch, 1, 28, 28] in (-1, 1)."""

    def __init__(self, noise: int, channels: int) -> None:
        super().__init__()
        self.noise = noise
        self.layers = nn.Sequential(
            nn.Linear(noise, 2 * channels * 7 * 7),
            nn.Unflatten(1, (2 * channels, 7, 7)),
            nn.BatchNorm2d(2 * channels),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor) -> Tensor:
        return self.layers(noise)


class Discriminator(nn.Module):
    """Images to a logit each: are they real?"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.BatchNorm2d(2 * channels),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * channels * 7 * 7, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).squeeze(1)


class Training:
    """One step each of the discriminator and of the generator."""

    def __init__(self, generator: Generator, discriminator: Discriminator) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def step(self, images: Tensor) -> tuple[Tensor, Tensor]:
        fake = self.generator(torch.randn(len(images), self.generator.noise))
        real = torch.ones(len(images))

        self.discriminator_optimizer.zero_grad()
        on_real = F.binary_cross_entropy_with_logits(self.discriminator(images), real)
        on_fake = F.binary_cross_entropy_with_logits(self.discriminator(fake.detach()), 1 - real)
        discriminator_loss = on_real + on_fake
        discriminator_loss.backward()
        self.discriminator_optimizer.step()

        self.generator_optimizer.zero_grad()
        generator_loss = F.binary_cross_entropy_with_logits(self.discriminator(fake), real)
        generator_loss.backward()
        self.generator_optimizer.step()
        return discriminator_loss.detach(), generator_loss.detach()


def make(small: bool = False) -> Job:
    """A fresh training; `small` for tests."""
    batch, noise, channels = (4, 4, 2) if small else (64, 64, 16)
    images = load(5000, seed=0)[0].images * 2 - 1
    training = Training(Generator(noise, channels), Discriminator(channels))

    def arguments(number: int) -> tuple[Tensor]:
        begin = number * batch % (len(images) - batch)
        return (images[begin : begin + batch],)

    return Job(
        training.step,
        arguments,
        (training.generator, training.discriminator),
        (training.generator_optimizer, training.discriminator_optimizer),
    )
