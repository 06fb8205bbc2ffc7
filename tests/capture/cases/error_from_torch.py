"""An operation of torch raises on one path only, because of a shape: type and message are torch's own."""

import torch

EXPECT = "any"


def mix(x, y):
    if x.sum() > 0:
        return x @ y
    return x.t() @ y


def make():
    y = torch.ones(3, 2)
    return mix, [
        (torch.ones(2, 3, requires_grad=True), y),
        (-torch.ones(2, 3, requires_grad=True).detach().requires_grad_(), y),
        ((torch.arange(6.0) + 1).reshape(2, 3).requires_grad_(), y),
    ]
