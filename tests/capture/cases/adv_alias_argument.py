"""An argument's second name is written on one side only."""

import torch

EXPECT = "graph"


def f(x):
    y = x
    if x[0] > 0:
        y += 1
    z = x * 3
    return z + y


def make():
    return f, [(torch.tensor([1.0, 2.0]),), (torch.tensor([-1.0, -2.0]),), (torch.tensor([0.5, 4.0]),)]
