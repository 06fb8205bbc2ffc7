"""A buffer is read for the first time after a write to another one that shares its memory."""

import torch

EXPECT = "any"


class Shared(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("other", torch.ones(3))
        self.other.data = self.mean.data

    def forward(self, x):
        self.mean.add_(x)
        if x.sum() > 0:
            return self.mean * 2 + self.other
        return self.other - x


def make():
    return Shared(), [(torch.tensor(v),) for v in ([1.0, 2.0, 3.0], [-1.0, -2.0, 1.0], [4.0, 1.0, 1.0])]
