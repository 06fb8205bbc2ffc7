"""A matmul fails with a shape error on one side only, after the argument was changed in place."""

import torch

EXPECT = "any"


def f(x, w):
    x += 1
    if x.sum() > 0:
        return x @ w
    return x * 2


def make():
    return f, [
        (torch.tensor([-5.0, 1.0]), torch.ones(3)),
        (torch.tensor([5.0, 1.0]), torch.ones(3)),
        (torch.tensor([-5.0, 1.0]), torch.ones(3)),
        (torch.tensor([5.0, 1.0]), torch.ones(2)),
    ]
