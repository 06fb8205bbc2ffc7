"""The argument itself is changed in place on one side and returned."""

import torch

EXPECT = "graph"


def saturate_(x):
    if x.max() > 1:
        x.clamp_(max=1.0)
        x[0] = -1.0
    return x


def make():
    return saturate_, [
        (torch.tensor([0.5, 3.0, 0.2]),),
        (torch.tensor([0.5, 0.3, 0.2]),),
        (torch.tensor([5.0, 3.0, 2.0]),),
    ]
