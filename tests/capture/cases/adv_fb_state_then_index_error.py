"""An in-place buffer update, then an index out of range decided by a tensor."""

import torch
from torch import nn

EXPECT = "any"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(3))
        self.names = ["a", "b", "c"]

    def forward(self, x, k):
        self.seen[0] += 1
        i = int(k)
        if x.sum() > 0:
            self.seen[1] += 1
        name = self.names[i]
        self.seen[i] += 10
        return x * self.seen[i], name


def make():
    return M(), [
        (torch.tensor(v), torch.tensor(n))
        for v, n in (([2.5, 2.0], 2), ([-3.0, -2.0], 5), ([1.0, 0.2], -1), ([7.0, 1.0], -4), ([7.0, 1.0], 0))
    ]
