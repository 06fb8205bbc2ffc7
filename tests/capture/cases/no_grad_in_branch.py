"""`torch.no_grad()` as a block inside a branch: part of the value carries no gradient."""

import torch

EXPECT = "graph"


def straight_through(x):
    if x.abs().max() > 1:
        with torch.no_grad():
            rounded = x.round()
            shift = rounded - x
        y = x + shift
    else:
        y = x**2
    with torch.no_grad():
        score = y.sum()
        if score > 2:
            score = score / 2
    return y, score


def make():
    return straight_through, [
        (torch.tensor([0.4, 0.8], requires_grad=True),),
        (torch.tensor([1.4, 2.8], requires_grad=True),),
        (torch.tensor([-1.4, 0.8], requires_grad=True),),
    ]
