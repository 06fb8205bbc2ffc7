"""A second name of a tensor, written in place on one side of a branch."""

import torch

EXPECT = "graph"


def f(x):
    a = x * 2
    b = a
    if x.sum() > 0:
        b += 1
    else:
        b = b - 1
    return a + b, a


def make():
    return f, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([3.0, -1.0], requires_grad=True),),
    ]
