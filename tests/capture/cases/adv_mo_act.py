"""Adaptive computation time per batch: a while with a mask, ponder cost and remainder."""

import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


class ACT(nn.Module):
    def __init__(self, width=3, limit=5):
        super().__init__()
        self.cell = nn.GRUCell(width, width)
        self.halt = nn.Linear(width, 1)
        self.limit = limit

    def forward(self, x, h):
        total = torch.zeros(x.shape[0])
        out = torch.zeros_like(h)
        steps = torch.zeros(x.shape[0], dtype=torch.long)
        n = 0
        while (total < 0.99).any() and n < self.limit:
            running = total < 0.99
            h = torch.where(running[:, None], self.cell(x, h), h)
            p = self.halt(h).sigmoid().squeeze(-1)
            last = (total + p > 0.99) | (n == self.limit - 1)
            w = torch.where(last, 1 - total, p) * running
            out = out + w[:, None] * h
            total = total + w
            steps += running.long()
            n += 1
        return out, steps, n


def make():
    torch.manual_seed(1)
    m = ACT()
    return m, [
        (
            torch.randn(2, 3) * s,
            torch.randn(2, 3),
        )
        for s in (0.1, 3.0, 30.0)
    ]
