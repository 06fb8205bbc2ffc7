"""Constant lines printed on one side and at the end."""

import torch

EXPECT = "any"


def warn_if_large(x):
    if x.abs().max() > 3:
        print("clipping", end="; ")
        x = x.clamp(-3, 3)
    print("done")
    return x * 2


def make():
    return warn_if_large, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -8.0], requires_grad=True),),
        (torch.tensor([4.0, -2.0], requires_grad=True),),
    ]
