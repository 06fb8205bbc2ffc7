"""Attributes hold totals: a Python int and a float read from tensors, changed in nested branches."""

import torch
from torch import nn

EXPECT = "any"


class Meter(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.total = 0.0
        self.history = []

    def forward(self, x):
        v = x.mean()
        if v > 0:
            self.count += 1
            self.total += float(v)
            if v > 2:
                self.history.append(v.detach())
        avg = self.total / max(self.count, 1)
        return x - avg


def make():
    return Meter(), [(torch.tensor(v),) for v in ([1.0, 2.0], [-8.0, -2.0], [20.0, 4.0], [0.2, 0.5])]
