"""The program looks at `self.training` and switches a part to `eval()` when a tensor says so."""

import torch
from torch import nn

EXPECT = "any"


class Freezer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        if self.training and x.var() < 0.1:
            self.norm.eval()
        y = self.norm(x)
        if self.norm.training:
            y = y * 2
        return y


def make():
    g = torch.Generator().manual_seed(0)
    batch = torch.randn(4, 2, generator=g)
    return Freezer(), [(batch,), (batch * 0.01,), (batch * 2,)]
