"""A tensor that a growing list holds is written in place, after the loop and inside it: the item changes too."""

import torch

EXPECT = "any"  # which item changes depends on the path


def after(x):
    rows = []
    y = x * 1
    while y.sum() < 4:
        y = y * 2
        rows.append(y)
    y.add_(1)
    return torch.stack(rows)


def inside(x):
    rows = []
    y = x * 1
    while y.sum() < 4:
        y = y * 2
        rows.append(y)
        y.mul_(1.5)
    return torch.stack(rows)


def program(x):
    return after(x), inside(x)


def make():
    return program, [(torch.full((2,), v),) for v in (1.0, 0.1, 0.7)]
