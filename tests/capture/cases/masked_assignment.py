"""`x[mask] = v` and `x[mask] *= 2` in branches, with masks that select nothing, something and everything."""

import torch

EXPECT = "graph"


def repair(x, fill):
    y = x + 0
    broken = y.isnan()
    if broken.any():
        y[broken] = fill
        y[y < 0] *= 2
    else:
        y[y > 1] = 1.0
    return y.cumsum(0)


def make():
    nan = float("nan")
    fill = torch.tensor(0.5, requires_grad=True)
    return repair, [
        (torch.tensor([1.0, nan, -2.0], requires_grad=True), fill),
        (torch.tensor([0.5, 2.0, 3.0], requires_grad=True), fill),
        (torch.tensor([0.5, 0.2, 0.3], requires_grad=True), fill),
        (torch.tensor([nan, nan, nan], requires_grad=True), fill),
    ]
