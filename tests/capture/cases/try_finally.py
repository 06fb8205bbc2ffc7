"""`finally` runs on every way out: a normal end, an early return and a raise inside a branch."""

import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


class Session(nn.Module):
    def __init__(self):
        super().__init__()
        self.open = 0
        self.closed = 0

    def forward(self, x):
        self.open += 1
        try:
            if x.sum() > 10:
                raise ValueError("sum above 10")
            if x.sum() < 0:
                return x.abs()
            y = x * 2
        finally:
            self.closed += 1
        return y + 1


def make():
    return Session(), [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([-5.0, 0.2], requires_grad=True),),
        (torch.tensor([15.0, 0.2], requires_grad=True),),
        (torch.tensor([1.0, 2.2], requires_grad=True),),
    ]
