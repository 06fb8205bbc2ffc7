"""A piecewise loss: quadratic near zero, linear further out, capped far away (if / elif / else)."""

import torch

EXPECT = "graph"


def piecewise(error, cap):
    size = error.abs().max()
    if size < 1:
        loss = 0.5 * error**2
    elif size < cap:
        loss = error.abs() - 0.5
    else:
        loss = torch.full_like(error, 1.5) + 0.01 * error
    return loss.mean()


def make():
    return piecewise, [
        (torch.tensor([0.2, -0.4], requires_grad=True), 3.0),
        (torch.tensor([1.2, -2.4], requires_grad=True), 3.0),
        (torch.tensor([5.0, -0.4], requires_grad=True), 3.0),
        (torch.tensor([-0.1, 0.9], requires_grad=True), 3.0),
    ]
