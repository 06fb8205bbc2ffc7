"""A checkpoint in a branch whose function writes to a tensor made before it."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

EXPECT = "any"


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x):
        total, rounds = torch.zeros(3), []

        def inner(x):
            total.add_(x.detach().sum(0))
            rounds.append(1)
            return torch.tanh(self.inner(x))

        if x.sum() > 0:
            x = checkpoint(inner, x, use_reentrant=False)
        return x.sum(), total, rounds


def make():
    torch.manual_seed(0)
    return Counting(), [(torch.ones(2, 3),), (-torch.ones(2, 3),)]
