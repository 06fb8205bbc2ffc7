"""An input is changed in place and a view of it returned."""

import torch

EXPECT = "graph"


def f(x):
    if x.sum() > 0:
        x.mul_(2)
    else:
        x[0] = 9.0
    return x[1:], x.t() if x.dim() == 2 else x.view(-1)


def make():
    return f, [(torch.tensor([1.0, 2.0]),), (torch.tensor([-1.0, -2.0]),), (torch.tensor([0.5, 4.0]),)]
