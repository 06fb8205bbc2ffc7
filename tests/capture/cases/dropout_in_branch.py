"""Dropout in training mode inside a branch, once as a module and once as a function."""

import torch
from torch import nn
from torch.nn import functional as F

EXPECT = "graph"


class Regularised(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        hidden = self.inner(x)
        if hidden.norm() > 2:
            hidden = self.drop(hidden)
        elif hidden.norm() > 0.9:
            hidden = F.dropout(hidden, 0.25, self.training)
        return hidden.tanh()


def make():
    return Regularised(), [
        (torch.tensor([0.0, 0.1, 0.0, 0.2]),),
        (torch.tensor([5.0, -6.0, 7.0, 8.0]),),
        (torch.tensor([1.2, -1.4, 1.1, 1.0]),),
    ]
