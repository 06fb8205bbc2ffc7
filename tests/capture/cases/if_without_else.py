"""Gradient clipping by norm: an `if` without `else`, a variable changed on one side only."""

import torch

EXPECT = "graph"


def clip(grad, limit):
    norm = grad.norm()
    if norm > limit:
        grad = grad * (limit / norm)
    return grad + 0.0, norm


def make():
    return clip, [
        (torch.tensor([3.0, 4.0], requires_grad=True), 1.0),
        (torch.tensor([0.3, 0.4], requires_grad=True), 1.0),
        (torch.tensor([-6.0, 8.0], requires_grad=True), 1.0),
    ]
