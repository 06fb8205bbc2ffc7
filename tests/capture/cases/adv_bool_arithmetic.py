"""Booleans of tensors counted and compared as Python numbers."""

import torch

EXPECT = "graph"


def f(x):
    a = bool(x[0] > 0)
    b = bool(x[1] > 0)
    n = a + b
    both = a & b
    either = a | b
    differ = a ^ b
    y = x * n
    if both:
        y = y + 1
    elif either and not both:
        y = y - 1
    return y, n, differ, a == b, not a, -a, True + a, a * 3.5


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0),), (g(-1.0, 1.0),), (g(-9.0, -4.0),), (g(2.0, -1.0),)]
