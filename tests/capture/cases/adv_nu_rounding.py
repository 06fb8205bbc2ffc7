"""Banker's rounding, int() towards zero, float32 read as Python's double."""

import torch

EXPECT = "graph"


def f(x):
    v = x[0].item()
    r = round(v)
    i = int(v)
    third = v / 3
    if third * 3 == v and v < 1e9:
        tag = "exact"
    else:
        tag = "inexact"
    if x[1] == 0.1:
        tag += "!"
    if x[1].item() == 0.25:
        tag += "?"
    return r, i, third, tag, x * third


def make():
    return f, [(torch.tensor(v),) for v in ([2.5, 2.0], [-3.5, 0.1], [0.5, 0.25], [-0.7, 1.0], [1e10, 3.0], [0.1, 0.1])]
