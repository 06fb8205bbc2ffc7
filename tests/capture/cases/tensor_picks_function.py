"""A list of functions and lambdas indexed by an integer taken from a tensor."""

import torch
from torch.nn import functional as F

EXPECT = "graph"

ACTIVATIONS = [torch.relu, F.gelu, lambda x: x * x.sigmoid()]


def activate(x):
    choice = int(x.argmax())
    return ACTIVATIONS[choice](x), choice


def make():
    return activate, [
        (torch.tensor([1.0, -2.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 3.5], requires_grad=True),),
    ]
