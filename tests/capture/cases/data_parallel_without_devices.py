"""`DataParallel` where there is no device to spread over is the module in it."""

import torch
from torch import nn

EXPECT = "graph"


class Spread(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.DataParallel(nn.Linear(3, 2))
        self.inner.device_ids = []

    def forward(self, x):
        return self.inner(x), self.inner.module.weight.sum()


def make():
    torch.manual_seed(0)
    return Spread(), [(torch.randn(2, 3),), (torch.ones(2, 3),)]
