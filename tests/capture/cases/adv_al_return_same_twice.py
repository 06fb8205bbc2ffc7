"""One tensor returned twice on one side, two on the other, and an argument's alias."""

import torch

EXPECT = "graph"


def f(x):
    if x.sum() > 0:
        y = x * 2
        return y, y
    return x, x.clone()


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
