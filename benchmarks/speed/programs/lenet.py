"""LeNet-5 of LeCun et al. (1998) on MNIST digits."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.work import Work
from diptych.demo.data import load


class LeNet(nn.Module):
    """Images [batch, 1, 28, 28] to logits [batch, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class Training:
    """SGD with momentum."""

    def __init__(self, model: LeNet) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def digits(small: bool) -> list[tuple[Tensor, Tensor]]:
    """Batches of images and labels."""
    size = 4 if small else 32
    return list(load(16 * size * 5 // 4, seed=0)[0].batches(size, seed=0))


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    training = Training(LeNet())
    return Work(training.step, digits(small), True, (training.model,), (training.optimizer,))


def infer(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    model = LeNet().eval()
    return Work(model, [(images,) for images, _ in digits(small)], models=(model,))
