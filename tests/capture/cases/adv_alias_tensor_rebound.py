"""A name is rebound to another tensor in a branch and then written: which tensor changes depends on the branch."""

import torch

EXPECT = "any"


def f(x, y):
    a = x + 0
    b = y + 0
    if x.sum() > y.sum():
        b = a
    b += 10
    return a * b, a, b


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0), g(0.0, 1.0)), (g(1.0, 2.0), g(4.0, 5.0)), (g(3.0, 2.0), g(4.0, -5.0))]
