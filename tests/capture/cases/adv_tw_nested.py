"""A name chosen by nested branches may be the first tensor, which is then written."""

import torch

EXPECT = "any"


def f(x, y):
    a = x + 0
    if y.sum() > 0:
        if x.sum() > 0:
            p = a
        else:
            p = x * 3
    else:
        p = y * 2
    a += 1
    return p * 2, a


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 2.0), g(1.0, 1.0)),
        (g(-1.0, -2.0), g(1.0, 1.0)),
        (g(-1.0, -2.0), g(-1.0, 1.0)),
        (g(1.0, -2.0), g(-1.0, 0.0)),
    ]
