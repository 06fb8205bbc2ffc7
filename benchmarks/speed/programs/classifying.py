"""Training of an image classifier on random images, as for ResNet-50 and Inception-v3."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.work import Work


class Training:
    """SGD with momentum and weight decay."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4)

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def random_images(batch: int, size: int, classes: int, count: int = 4) -> list[tuple[Tensor, Tensor]]:
    """Batches of images [batch, 3, size, size] and labels [batch]."""
    return [(torch.randn(batch, 3, size, size), torch.randint(classes, (batch,))) for _ in range(count)]


def trained(model: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> Work:
    training = Training(model)
    return Work(training.step, batches, True, (model,), (training.optimizer,))


def asked(model: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> Work:
    model.eval()
    return Work(model, [(images,) for images, _ in batches], models=(model,))
