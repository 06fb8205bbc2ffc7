"""One path returns the argument itself, the other a new tensor: the caller can tell them apart with `is`."""

import torch

EXPECT = "any"


def non_negative(x):
    if x.min() >= 0:
        return x
    return x.clamp(min=0)


def make():
    return non_negative, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([1.0, -2.0], requires_grad=True),),
        (torch.tensor([0.0, 3.0], requires_grad=True),),
    ]
