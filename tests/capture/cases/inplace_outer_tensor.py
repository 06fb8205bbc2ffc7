"""In-place operations on a tensor made outside of the branch; other names for it see the change."""

import torch

EXPECT = "graph"


def accumulate(x, y):
    total = x * 1
    same_total = total
    if y.sum() > 0:
        total.add_(y)
        total.mul_(2)
    else:
        total -= 1
    return same_total + total.sin(), same_total is total


def make():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return accumulate, [
        (x, torch.tensor([1.0, 3.0], requires_grad=True)),
        (x, torch.tensor([-1.0, -3.0], requires_grad=True)),
        (x, torch.tensor([-1.0, 3.0], requires_grad=True)),
    ]
