"""A memo keyed by the identity of its argument: the second call with the same tensor skips the work."""

import torch
from torch import nn

EXPECT = "any"


class Memo(nn.Module):
    def __init__(self):
        super().__init__()
        self.known = {}
        self.misses = 0

    def forward(self, x):
        if x not in self.known:
            self.misses += 1
            self.known[x] = x.sum() if x.max() > 1 else x.mean()
        return self.known[x] * 2


def make():
    small, large = torch.tensor([0.5, 0.25]), torch.tensor([5.0, 0.25])
    return Memo(), [(small,), (large,), (small,), (torch.tensor([0.5, 0.25]),)]
