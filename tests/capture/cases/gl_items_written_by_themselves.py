"""Items of a growing list are written through the list alone, and the list is handed on."""

import torch

EXPECT = "graph"


def program(x):
    rows = []
    y = x * 1
    while y.sum() < 4:
        y = y * 2
        rows.append(y + 1)
    if rows:
        rows[-1].add_(1)
        rows[0].mul_(2)
    return rows


def make():
    return program, [(torch.full((2,), v),) for v in (1.0, 0.1, 8.0)]
