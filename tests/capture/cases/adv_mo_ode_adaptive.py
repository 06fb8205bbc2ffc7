"""Adaptive Heun with accepted and rejected steps, a record of times, and an exception when the step vanishes."""

import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([[0.0, 1.0], [-1.0, -0.1]]))

    def forward(self, t, y):
        return self.a @ y * (1 + 0.1 * t)


class Solver(nn.Module):
    def __init__(self, field, tol=1e-2):
        super().__init__()
        self.field, self.tol = field, tol
        self.accepted = self.rejected = 0

    def forward(self, y, t1):
        t = torch.zeros(())
        h = torch.tensor(0.5)
        times = []
        while t < t1:
            if t + h > t1:
                h = t1 - t
            k1 = self.field(t, y)
            k2 = self.field(t + h, y + h * k1)
            err = (h * (k2 - k1) / 2).abs().max()
            if err < self.tol:
                t = t + h
                y = y + h * (k1 + k2) / 2
                times.append(t)
                self.accepted += 1
                h = h * 1.3
            else:
                self.rejected += 1
                h = h * 0.5
                if h < 1e-2:
                    raise RuntimeError("step too small")
        return y, len(times)


def make():
    return Solver(Field()), [
        (torch.tensor([1.0, 0.0]), torch.tensor(0.3)),
        (torch.tensor([1.0, 2.0]), torch.tensor(1.0)),
        (torch.tensor([1.0, 0.0]), torch.tensor(0.0)),
        (torch.tensor([1e4, 0.0]), torch.tensor(1.0)),
    ]
