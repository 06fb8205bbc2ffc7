"""An iterator over a list is moved on both sides of a branch, by different steps."""

import torch

EXPECT = "graph"


def f(x):
    items = iter([x[0], x[1], x[0] + x[1], x[0] - x[1]])
    first = next(items)
    if first > 0:
        second = next(items)
    else:
        second = next(items) + next(items)
    return first, second, next(items)


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [2.0, -1.0], [-3.0, 2.0])]
