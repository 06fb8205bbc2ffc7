"""A view of an argument, taken before the branch, is written inside it: the caller's tensor changes."""

import torch

EXPECT = "graph"


def zero_smaller_half(x):
    first, second = x.chunk(2)
    if first.sum() < second.sum():
        first.zero_()
    else:
        second.mul_(0)
    return x.sum()


def make():
    return zero_smaller_half, [
        (torch.tensor([1.0, 2.0, 3.0, 4.0]),),
        (torch.tensor([4.0, 3.0, 2.0, 1.0]),),
        (torch.tensor([0.0, -3.0, 2.0, 1.0]),),
    ]
