"""Recursive bisection of an interval that brackets a root."""
import torch

EXPECT = "graph"


def f(x, c):
    return x ** 3 - c


def bisect(low, high, c):
    middle = (low + high) / 2
    if high - low < 0.25:
        return middle
    if f(middle, c) > 0:
        return bisect(low, middle, c)
    return bisect(middle, high, c)


def make():
    def call(low, high, c):
        return (torch.tensor(low, requires_grad=True), torch.tensor(high, requires_grad=True), torch.tensor(c))

    return bisect, [call(1.0, 1.2, 1.3), call(0.0, 4.0, 2.0), call(-1.0, 9.0, 700.0)]
