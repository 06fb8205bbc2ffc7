"""A name chosen by two branches in a row may be the first tensor, which is then written."""

import torch

EXPECT = "any"


def f(x, y, z):
    a = x + 0
    p = a if x.sum() > 0 else y * 2
    q = p if y.sum() > 0 else z * 2
    a += 1
    return q * 2, a


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 2.0), g(1.0, 1.0), g(5.0, 5.0)),
        (g(-1.0, 2.0), g(-1.0, -1.0), g(5.0, 5.0)),
        (g(-1.0, -2.0), g(1.0, 1.0), g(5.0, 5.0)),
        (g(1.0, -2.0), g(-1.0, 0.0), g(5.0, 5.0)),
    ]
