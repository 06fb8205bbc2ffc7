"""Two closures share a cell; which of them is called a branch decides, then the cell is rebound by the outer function."""

import torch

EXPECT = "graph"


def f(x):
    acc = x * 0

    def add(v):
        nonlocal acc
        acc = acc + v
        return acc

    def sub(v):
        nonlocal acc
        acc = acc - v
        return acc

    op = add if x.sum() > 0 else sub
    first = op(x)
    acc = acc * 2
    if x[0] > 2:
        op = sub
    second = op(x)
    return first, second, acc


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
