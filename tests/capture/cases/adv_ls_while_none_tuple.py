"""The same in a while loop."""

import torch

EXPECT = "any"  # not in one graph yet


def f(x):
    best = None
    i = 0
    while i < 3 and x[i] > 0:
        if best is None or x[i] > best[0]:
            best = (x[i], i)
        i += 1
    if best is None:
        return x, -1
    value, where = best
    return x * value, where


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0, 3.0], [-9.0, -1.0, 0.2], [9.0, 1.0, -1.0])]
