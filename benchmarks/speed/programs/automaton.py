"""A neural cellular automaton (Mordvintsev et al., 2020): cells see their neighbours and grow until all is full."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.speed.work import Work


class Automaton(nn.Module):
    """Cells [batch, channels, size, size] after at most `rounds`; the first channel says how alive a cell is."""

    def __init__(self, channels: int, hidden: int, rounds: int) -> None:
        super().__init__()
        sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
        same = torch.zeros(3, 3)
        same[1, 1] = 1.0
        self.register_buffer("senses", torch.stack([same, sobel, sobel.t()]).repeat(channels, 1, 1).unsqueeze(1))
        self.think = nn.Conv2d(3 * channels, hidden, 1)
        self.act = nn.Conv2d(hidden, channels, 1)
        self.channels, self.rounds = channels, rounds

    def forward(self, cells: Tensor) -> Tensor:
        rounds = 0
        while rounds < self.rounds and (cells[:, 0] > 0.1).float().mean() < 0.9:
            alive = F.max_pool2d(cells[:, :1], 3, stride=1, padding=1) > 0.1
            seen = F.conv2d(cells, self.senses, padding=1, groups=self.channels)
            cells = cells + self.act(F.relu(self.think(seen)))
            cells = cells * alive
            rounds += 1
        return cells


class Training:
    """The first channel shall become the picture."""

    def __init__(self, model: Automaton) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(self, cells: Tensor, picture: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = F.mse_loss(self.model(cells)[:, 0], picture)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def given(seed: int, small: bool) -> tuple[Automaton, list[tuple[Tensor, Tensor]]]:
    """Worlds with one living cell, and pictures."""
    torch.manual_seed(seed)
    batch, channels, hidden, size, rounds = (2, 3, 4, 6, 3) if small else (4, 12, 32, 24, 16)
    batches = []
    for _ in range(8):
        cells = torch.zeros(batch, channels, size, size)
        cells[:, :, size // 2, size // 2] = torch.rand(batch, channels) + 0.5
        batches.append((cells, torch.rand(batch, size, size)))
    return Automaton(channels, hidden, rounds), batches


def train(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    training = Training(model)
    return Work(training.step, batches, True, (model,), (training.optimizer,))


def infer(seed: int, small: bool = False) -> Work:
    model, batches = given(seed, small)
    return Work(model.eval(), [(cells,) for cells, _ in batches], models=(model,))
