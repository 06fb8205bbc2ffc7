"""A local name is a buffer or a fresh tensor; written in place."""

import torch
from torch import nn

EXPECT = "any"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(2))

    def forward(self, x):
        target = self.count if x.sum() > 0 else torch.zeros(2)
        target.add_(1)
        target[0] = 5
        return x * self.count + target


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return M(), [(g(-1.0, 0.5),), (g(1.0, 2.0),), (g(-9.0, -4.0),), (g(2.0, -1.0),), (g(2.0, 3.0),)]
