"""requires_grad_ on a new tensor in a branch."""

import torch

EXPECT = "any"


def f(x):
    w = torch.ones(2)
    if x.sum() > 0:
        w.requires_grad_()
    y = (w * x).sum()
    return y, w


def make():
    return f, [(torch.tensor(v),) for v in ([2.0, 2.0], [-3.0, -2.0], [0.1, 0.2])]
