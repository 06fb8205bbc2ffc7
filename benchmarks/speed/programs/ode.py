"""A differential equation given by a network, solved with steps as long as the error allows (Bogacki and Shampine)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.speed.work import Work


class Field(nn.Module):
    """The speed at each point [batch, 2]: a turn, and a small network."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.turn = nn.Parameter(torch.tensor([[-0.1, 2.0], [-2.0, -0.1]]))
        self.inner = nn.Linear(2, width)
        self.outer = nn.Linear(width, 2)

    def forward(self, y: Tensor) -> Tensor:
        return (y**3) @ self.turn + 0.1 * self.outer(torch.tanh(self.inner(y)))


class Flow(nn.Module):
    """Where points are after `time`: [batch, 2] to [batch, 2]; embedded formulas of orders 3 and 2."""

    def __init__(self, field: Field, time: float, tolerance: float) -> None:
        super().__init__()
        self.field, self.time, self.tolerance = field, time, tolerance

    def forward(self, y: Tensor) -> Tensor:
        t, h = torch.zeros(()), torch.full((), 0.05)
        while t < self.time:
            h = torch.minimum(h, self.time - t)
            k1 = self.field(y)
            k2 = self.field(y + h / 2 * k1)
            k3 = self.field(y + 3 * h / 4 * k2)
            better = y + h * (2 * k1 + 3 * k2 + 4 * k3) / 9
            k4 = self.field(better)
            error = (h * (-5 * k1 / 72 + k2 / 12 + k3 / 9 - k4 / 8)).abs().max().detach()
            if error <= self.tolerance:
                t, y = t + h, better
            h = h * (0.9 * (self.tolerance / (error + 1e-12)) ** (1 / 3)).clamp(0.2, 3.0)
        return y


class Training:
    """The points shall arrive at their targets."""

    def __init__(self, model: Flow) -> None:
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def step(self, y: Tensor, target: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = (self.model(y) - target).pow(2).mean()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def given(seed: int, small: bool) -> tuple[Flow, list[tuple[Tensor, Tensor]]]:
    """The flow, and batches of points with targets."""
    torch.manual_seed(seed)
    width, batch, time = (8, 2, 0.2) if small else (50, 8, 1.0)
    batches = [(torch.rand(batch, 2) * 2 - 1, torch.rand(batch, 2) * 2 - 1) for _ in range(16)]
    return Flow(Field(width), time, 1e-4), batches


def train(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    training = Training(model)
    return Work(training.step, batches, True, (model,), (training.optimizer,))


def infer(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    return Work(model.eval(), [(y,) for y, _ in batches], models=(model,))
