"""Assignment expressions inside tests, conditional expressions and comprehensions."""

import torch

EXPECT = "graph"


def squash(x):
    if (norm := x.norm()) > 2 and (peak := x.max()) > 1:
        x = x / norm + peak
    scaled = (half := x / 2) if norm < 1 else x - norm
    rows = [last := v * 2 for v in scaled]
    half = x / 2
    return scaled + half, last, rows[0]


def make():
    return squash, [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([5.0, 0.2], requires_grad=True),),
        (torch.tensor([-5.0, 0.2], requires_grad=True),),
    ]
