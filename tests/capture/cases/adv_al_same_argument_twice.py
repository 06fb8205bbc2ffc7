"""The same tensor is passed twice; one of the parameters is written."""

import torch

EXPECT = "any"


def f(x, y):
    if x.sum() > 0:
        x.add_(1)
    return x * y


def make():
    t = torch.tensor([1.0, 2.0])
    u = torch.tensor([-1.0, -2.0])
    v = torch.tensor([1.0, 2.0, 3.0])
    return f, [(t.clone(), u.clone()), (t, t), (u, u), (v[:2], v[1:]), (v[1:], v[:2]), (t.clone(), u)]
