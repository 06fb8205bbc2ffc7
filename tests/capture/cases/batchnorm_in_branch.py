"""BatchNorm in training mode inside a branch: its statistics move only when the branch is taken."""

import torch
from torch import nn

EXPECT = "graph"


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        if x.var() > 1:
            x = self.norm(x)
        return self.fc(x)


def make():
    g = torch.Generator().manual_seed(0)
    batch = torch.randn(4, 3, generator=g)
    return Stem(), [(batch * 3,), (batch * 0.1,), (batch * 5 + 1,)]
