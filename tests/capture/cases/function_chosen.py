"""A function object chosen by a tensor: assigned in branches, called afterwards with further decisions."""

import torch

EXPECT = "any"


def shrink(x):
    return x / 2 if x.abs().max() > 2 else x


def grow(x):
    return x * 2 if x.abs().max() < 0.2 else x + 0.1


def adapt(x):
    change = grow
    if x.norm() > 1:
        change = shrink
    return change(change(x)) + 1


def make():
    return adapt, [
        (torch.tensor([0.1, 0.1], requires_grad=True),),
        (torch.tensor([5.0, 0.2], requires_grad=True),),
        (torch.tensor([1.5, 0.8], requires_grad=True),),
        (torch.tensor([0.5, 0.4], requires_grad=True),),
    ]
