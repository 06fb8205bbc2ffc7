"""A parameter used only inside a loop that runs no round: its gradient is None or zero as Python's."""

import torch
from torch import nn

EXPECT = "graph"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)
        self.head = nn.Linear(2, 1)

    def forward(self, x):
        while x.norm() < 1:
            x = x + self.lin(x).tanh() + 0.3
        return self.head(x)


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return M(), [(g(1.2, 1.1),), (g(0.0, 0.1),), (g(0.5, 0.3),)]
