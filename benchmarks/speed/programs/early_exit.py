"""A network with a way out after each block: who is sure leaves early."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.work import Work


class Stage(nn.Module):
    """One block, and the way out after it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.out = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = x + self.block(x)
        return x, self.out(x)


class EarlyExit(nn.Module):
    """Rows [batch, width] to logits [batch, 10], of the first block after which the least sure row is `sure`."""

    def __init__(self, width: int, blocks: int, sure: float) -> None:
        super().__init__()
        self.stages = nn.ModuleList(Stage(width) for _ in range(blocks))
        self.sure = sure

    def forward(self, x: Tensor) -> Tensor:
        logits = torch.zeros(x.shape[0], 10)
        for stage in self.stages:
            x, logits = stage(x)
            if logits.softmax(-1).amax(-1).min() > self.sure:
                return logits
        return logits


class Training:
    """SGD on the loss where rows leave."""

    def __init__(self, model: EarlyExit) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(self, x: Tensor, labels: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def given(seed: int, small: bool) -> tuple[EarlyExit, list[tuple[Tensor, Tensor]]]:
    """Batches of different strength, some of which leave early."""
    torch.manual_seed(seed)
    width, blocks, batch = (8, 3, 2) if small else (64, 8, 8)
    strengths = torch.linspace(0.5, 8, 16).tolist()
    batches = [(torch.randn(batch, width) * strength, torch.randint(10, (batch,))) for strength in strengths]
    return EarlyExit(width, blocks, 0.4), batches


def train(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    training = Training(model)
    return Work(training.step, batches, True, (model,), (training.optimizer,))


def infer(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    return Work(model.eval(), [(x,) for x, _ in batches], models=(model,))
