"""`detach` on one side: a gradient flows back through the other side only."""

import torch

EXPECT = "graph"


def stop(x, w):
    hidden = w * x
    if hidden.sum() > 1:
        hidden = hidden.detach() * x
    return hidden.square() + x


def make():
    w = torch.tensor([2.0, -1.0], requires_grad=True)
    return stop, [
        (torch.tensor([0.1, 0.2], requires_grad=True), w),
        (torch.tensor([2.0, 0.2], requires_grad=True), w),
        (torch.tensor([-2.0, 0.5], requires_grad=True), w),
    ]
