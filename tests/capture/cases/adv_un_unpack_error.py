"""Unpacking a tuple whose length depends on the path raises ValueError on one of them."""

import torch

EXPECT = "any"


def f(x):
    t = (x, x * 2) if x.sum() > 0 else (x, x, x)
    a, b = t
    return a + b


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
