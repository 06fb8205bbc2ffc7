"""A U-Net that translates images, trained against a discriminator of patches, as pix2pix (Isola et al., 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.work import Work


class Down(nn.Module):
    """To half the size."""

    def __init__(self, inputs: int, outputs: int, norm: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(outputs) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), 0.2)


class Up(nn.Module):
    """To twice the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class UNet(nn.Module):
    """Images [batch, 3, size, size] to such images in (-1, 1); `size` is a multiple of 16."""

    def __init__(self, width: int) -> None:
        super().__init__()
        w = width
        self.downs = nn.ModuleList([Down(3, w, False), Down(w, 2 * w), Down(2 * w, 4 * w), Down(4 * w, 8 * w, False)])
        self.ups = nn.ModuleList([Up(8 * w, 4 * w), Up(8 * w, 2 * w), Up(4 * w, w)])
        self.last = nn.ConvTranspose2d(2 * w, 3, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for down in self.downs:
            x = down(x)
            kept.append(x)
        x = kept.pop()
        for up in self.ups:
            x = torch.cat([up(x), kept.pop()], 1)
        return torch.tanh(self.last(x))


class Patches(nn.Module):
    """A pair of images to a map of logits: is this patch of the second one real?"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Down(6, width, False), Down(width, 2 * width), nn.Conv2d(2 * width, 1, 3, padding=1)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.layers(torch.cat([x, y], 1))


class Training:
    """One step each of the discriminator and of the generator."""

    def __init__(self, generator: UNet, discriminator: Patches) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.of_generator = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        fake = self.generator(x)

        self.of_discriminator.zero_grad()
        on_real, on_fake = self.discriminator(x, y), self.discriminator(x, fake.detach())
        real_loss = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
        fake_loss = F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
        discriminator_loss = (real_loss + fake_loss) / 2
        discriminator_loss.backward()
        self.of_discriminator.step()

        self.of_generator.zero_grad()
        judged = self.discriminator(x, fake)
        deceived = F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
        generator_loss = deceived + 100 * F.l1_loss(fake, y)
        generator_loss.backward()
        self.of_generator.step()
        return discriminator_loss.detach(), generator_loss.detach()


def given(seed: int, small: bool) -> tuple[UNet, Patches, list[tuple[Tensor, Tensor]]]:
    """The two networks and batches of pairs of images."""
    torch.manual_seed(seed)
    width, batch, size = (2, 2, 16) if small else (16, 2, 64)
    pairs = [(torch.randn(batch, 3, size, size), torch.rand(batch, 3, size, size) * 2 - 1) for _ in range(8)]
    return UNet(width), Patches(width), pairs


def train(seed: int, small: bool = False) -> Work:
    generator, discriminator, batches = given(seed, small)
    training = Training(generator, discriminator)
    optimizers = (training.of_generator, training.of_discriminator)
    return Work(training.step, batches, True, (generator, discriminator), optimizers, tolerance=1e-2)


def infer(seed: int, small: bool = False) -> Work:
    generator, _, batches = given(seed, small)
    return Work(generator.eval(), [(x,) for x, _ in batches], models=(generator,))
