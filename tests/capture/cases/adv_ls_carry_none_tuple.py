"""A loop carries None or a tuple, unpacked when present."""

import torch

EXPECT = "graph"


def f(x):
    best = None
    for i in range(3):
        if x[i] > 1:
            if best is None or x[i] > best[0]:
                best = (x[i], i)
    if best is None:
        return x, -1
    value, where = best
    return x * value, where


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0, 3.0], [-9.0, -1.0, 0.2], [9.0, 3.0, 1.0])]
