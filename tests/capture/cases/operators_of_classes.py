"""Operators that the program's classes define ask for types of numbers, decide on tensors and count their calls."""

from dataclasses import dataclass

import torch

EXPECT = "graph"


class Value:
    calls = 0

    def __init__(self, data, kind="leaf"):
        self.data = data
        self.kind = kind

    def wrap(self, other):
        return other if isinstance(other, Value) else Value(other, "int" if isinstance(other, int) else "other")

    def __add__(self, other):
        other = self.wrap(other)
        self.calls += 1
        return Value(self.data + other.data, self.kind + other.kind)

    __radd__ = __add__

    def __truediv__(self, other):
        other = self.wrap(other)
        if (other.data > 2).any() if isinstance(other.data, torch.Tensor) else other.data > 2:
            return Value(self.data, "kept")
        return Value(self.data / other.data, "divided")

    def __neg__(self):
        self.calls += 10
        return Value(-self.data, "negative")

    def __iadd__(self, other):
        self.data = self.data + other
        return self

    def __lt__(self, other):
        return self.data.sum() < self.wrap(other).data

    def __eq__(self, other):
        return isinstance(other, Value) and self.kind == other.kind

    __hash__ = None


@dataclass
class Pair:
    a: object
    b: object = 0


def f(x):
    n = int(x[0])
    v = Value(x)
    total = v + n + v
    other = 1 + v
    quotient = v / n
    w = -v
    if v < n:
        w += 1
    same = v == quotient, v != other, Pair(n) == Pair(1), Pair(x[1], 2) == Pair(x[1], 2)
    return total.data, total.kind, other.kind, quotient.data, quotient.kind, w.data, v.calls, same


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [3.0, -7.0], [-3.0, 2.0])]
