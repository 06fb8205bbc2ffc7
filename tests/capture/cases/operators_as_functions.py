"""Functions of `operator` on numbers that depend on the path, and on objects with operators of their own."""

import operator

import torch

EXPECT = "graph"


class Ratio:
    def __init__(self, value):
        self.value = value

    def __truediv__(self, other):
        return Ratio(self.value / other.value) if other.value.sum() > 0 else self

    def __neg__(self):
        return Ratio(-self.value)


def make():
    def mixed(x):
        y = 3 if x.sum() > 0 else x
        quotient = operator.truediv(Ratio(x), Ratio(x + 1))
        return -y, operator.neg(y), operator.abs(y), +y, operator.inv(x > 0), (-quotient).value

    return mixed, [(torch.tensor([1.0, 2.0]),), (torch.tensor([-4.0, 1.0]),), (torch.tensor([-0.5, 0.1]),)]
