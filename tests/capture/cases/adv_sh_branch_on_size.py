"""Sizes differ between calls and between sides; a branch on the size and one on the values."""

import torch

EXPECT = "any"
MAX_GRAPHS = 3


def f(x):
    if x.shape[0] > 3:
        y = x[:3]
    else:
        y = x
    if y.sum() > 0:
        y = torch.cat([y, y[-1:]])
    while y.numel() > 2 and y[0] < y[-1]:
        y = y[1:]
    return y, len(y), y.shape[0] * 2


def make():
    return f, [(torch.arange(float(n)) - k,) for n, k in ((2, 0), (4, 1), (6, 9), (3, 1), (7, 2), (5, 4))]
