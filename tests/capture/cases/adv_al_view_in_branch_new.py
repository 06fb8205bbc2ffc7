"""A view of a tensor made on the same side; both outlive the branch and one is written."""

import torch

EXPECT = "any"


def f(x):
    if x.sum() > 0:
        a = x * 2
        v = a[:2]
    else:
        a = x * 3
        v = a[:2].clone()
    v.zero_()
    return a, v


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0, 3.0], [-1.0, -2.0, 1.0], [4.0, 1.0, 0.0])]
