"""A view made in a branch of one of two tensors; the view is written afterwards."""

import torch

EXPECT = "any"


def f(x, y):
    a, b = x.clone(), y.clone()
    if x.sum() > y.sum():
        v = a[1:]
    else:
        v = b[1:]
    v.mul_(10)
    return a, b


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 2.0, 3.0), g(0.0, 1.0, 0.0)),
        (g(1.0, 2.0, 3.0), g(4.0, 5.0, 6.0)),
        (g(3.0, 2.0, 3.0), g(4.0, -5.0, 6.0)),
    ]
