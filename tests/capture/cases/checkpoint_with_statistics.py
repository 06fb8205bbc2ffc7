"""A checkpoint of a batch normalization moves its statistics again when gradients are taken."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

EXPECT = "any"


class Normalized(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU())

    def forward(self, x):
        return checkpoint(self.inner, x, use_reentrant=False).sum()


def make():
    torch.manual_seed(0)
    return Normalized().train(), [(torch.randn(4, 3),), (torch.randn(4, 3),)]


def state(program):
    return dict(program.named_buffers())
