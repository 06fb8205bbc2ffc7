"""BatchNorm in training mode in a branch, shared by both sides, then eval."""

import torch
from torch import nn

EXPECT = "graph"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(3)
        self.drop = nn.Dropout(0.5)
        self.lin = nn.Linear(3, 3)

    def forward(self, x):
        if x.mean() > 0:
            x = self.bn(x)
            x = self.drop(x)
        else:
            x = self.bn(self.lin(x))
        if x.std() > 1.05:
            x = self.drop(self.bn(x))
        return x


def make():
    t = torch.randn(4, 3)
    return M(), [
        ((t + 2).requires_grad_(),),
        ((t - 2).requires_grad_(),),
        ((t * 0.01 + 1).requires_grad_(),),
        ((t + 1).requires_grad_(),),
    ]
