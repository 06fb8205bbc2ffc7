"""A user class with `__add__`, `__mul__`, `__bool__` and `__getitem__`, whose operators decide."""

import torch

EXPECT = "graph"


class Dual:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __mul__(self, other):
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)

    def __bool__(self):
        return bool(self.value > 0)

    def __getitem__(self, i):
        return (self.value, self.slope)[i]


def polynomial(x):
    d = Dual(x, torch.ones(()))
    y = d * d + d
    if y:
        y = y * d
    value, slope = y[0], y[1]
    return value, slope if y else -slope


def make():
    return polynomial, [
        (torch.tensor(2.0, requires_grad=True),),
        (torch.tensor(-0.5, requires_grad=True),),
        (torch.tensor(-3.0, requires_grad=True),),
    ]
