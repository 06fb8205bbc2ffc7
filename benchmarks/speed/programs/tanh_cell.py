"""A recurrent cell until it is at rest: a `while` on a tensor, 50 rounds of one small cell."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.speed.work import Work


class TanhCell(nn.Module):
    """`x` and `h` are [batch, width]."""

    def __init__(self, width: int, rounds: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.U = nn.Parameter(torch.randn(width, width) / width**0.5)
        self.rounds = rounds

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        i = 0
        while i < self.rounds and h.abs().sum() > 1e-6:
            h = torch.tanh(x @ self.W + h @ self.U)
            i += 1
        return h


class Training:
    """The state at rest shall be the target."""

    def __init__(self, model: TanhCell) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = (self.model(x, h) - x).pow(2).mean()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def given(small: bool) -> tuple[TanhCell, list[tuple[Tensor, Tensor]]]:
    """The cell, and inputs with first states."""
    width, rounds = (8, 5) if small else (64, 50)
    model = TanhCell(width, rounds)
    return model, [(torch.randn(4, width), torch.randn(4, width)) for _ in range(16)]


def infer(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    model, batches = given(small)
    return Work(model.eval(), batches, models=(model,))


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    model, batches = given(small)
    training = Training(model)
    return Work(training.step, batches, True, (model,), (training.optimizer,))
