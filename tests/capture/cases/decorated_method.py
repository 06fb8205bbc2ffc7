"""Methods under decorators: one counts calls in an attribute, one checks the result."""

import functools

import torch
from torch import nn

EXPECT = "graph"


def counted(method):
    @functools.wraps(method)
    def wrapper(self, *args):
        self.calls += 1
        return method(self, *args)

    return wrapper


def non_negative(method):
    @functools.wraps(method)
    def wrapper(self, x):
        y = method(self, x)
        return y if (y >= 0).all() else y - y.min()

    return wrapper


class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]))
        self.calls = 0

    @counted
    @non_negative
    def forward(self, x):
        if x.norm() > 3:
            x = x / x.norm()
        return x * self.weight


def make():
    return Scorer(), [
        (torch.tensor([1.0, -2.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([4.0, 2.0], requires_grad=True),),
    ]
