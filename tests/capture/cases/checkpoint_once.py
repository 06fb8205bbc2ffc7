"""A checkpoint of a function that changes nothing is the function itself, dropout and branches included."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

EXPECT = "graph"


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=True), nn.Dropout(0.5))
        self.last = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))

    def scaled(self, x, factor=1.0):
        return x * factor if x.sum() > 0 else x - 1

    def forward(self, x):
        x = checkpoint(self.first, x, use_reentrant=False)
        x = checkpoint(lambda *parts: self.scaled(torch.cat(parts), factor=2.0), x, x + 1, use_reentrant=False)
        return checkpoint_sequential(self.last, 2, x, use_reentrant=False)


def make():
    torch.manual_seed(0)
    return Deep().train(), [(torch.ones(2, 3),), (-torch.ones(2, 3),)]
