"""The usual bug: the best weights are kept without a copy."""

import torch
from torch import nn

EXPECT = "any"


class Keep(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("w", torch.zeros(2))
        self.best = None
        self.best_loss = float("inf")

    def forward(self, x):
        self.w += x
        loss = self.w.abs().sum()
        if loss < self.best_loss:
            self.best = self.w
            self.best_loss = loss
        return self.best * 2, self.w * 3


def make():
    g = lambda *v: torch.tensor(v)
    return Keep(), [(g(1.0, 2.0),), (g(-1.0, -1.0),), (g(5.0, 2.0),), (g(0.0, 2.0),), (g(-5.0, -2.0),)]
