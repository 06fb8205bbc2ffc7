"""A Python counter in an attribute decides a branch next time."""

import torch
from torch import nn

EXPECT = "graph"


class Every(nn.Module):
    def __init__(self):
        super().__init__()
        self.step = 0
        self.skipped = 0
        self.lin = nn.Linear(2, 2)

    def forward(self, x):
        self.step += 1
        if self.step % 3 == 0:
            return self.lin(x)
        if x.sum() > 0:
            self.skipped += 1
        return x * self.skipped


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return Every(), [
        (g(1.0, 0.5),),
        (g(-1.0, -2.0),),
        (g(-9.0, -4.0),),
        (g(2.0, -1.0),),
        (g(2.0, 3.0),),
        (g(2.0, 3.0),),
    ]
