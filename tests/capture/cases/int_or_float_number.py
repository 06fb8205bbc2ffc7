"""A Python number that is an int on one side and a float on the other keeps its own type."""

import torch

EXPECT = "any"


def weight_of(x):
    if x.mean() > 0:
        weight = 2
    else:
        weight = 0.5
    return x * weight, weight


def make():
    return weight_of, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([4.0, -2.0], requires_grad=True),),
    ]
