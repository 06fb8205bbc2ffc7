"""A module swaps its two buffers (a ping-pong) on one side of a branch."""

import torch
from torch import nn

EXPECT = "graph"


class PingPong(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("front", torch.zeros(2))
        self.register_buffer("back", torch.ones(2))

    def forward(self, x):
        self.back.copy_(x.detach())
        if x.sum() > 0:
            self.front, self.back = self.back, self.front
        return x * self.front + self.back


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return PingPong(), [(g(1.0, 2.0),), (g(-1.0, 0.5),), (g(-9.0, -4.0),), (g(2.0, -1.0),), (g(2.0, 3.0),)]
