"""An attribute counts rounds of a while loop and is read in its test."""

import torch
from torch import nn

EXPECT = "graph"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.rounds = 0
        self.limit = 3
        self.lin = nn.Linear(2, 2)

    def forward(self, x):
        self.rounds = 0
        while x.abs().max() < 10 and self.rounds < self.limit:
            x = x * 2 + self.lin(x)
            self.rounds += 1
        return x


def make():
    return M(), [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-8.0, -2.0], [20.0, 4.0], [0.2, 0.5])]
