"""A recursion that returns None at the bottom of one path and a tuple on another."""

import torch

EXPECT = "any"  # not in one graph yet


def search(x, n):
    if x.abs().sum() < 1:
        return None
    if x.sum() > 4:
        return x, n
    return search(x * 1.5 if x[0] > 0 else x * 0.5, n + 1)


def f(x):
    found = search(x, 0)
    if found is None:
        return -x
    y, n = found
    return y * n


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([3.0, 2.0], [1.0, 1.0], [-3.0, -5.0], [0.1, 0.1])]
