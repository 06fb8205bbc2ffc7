"""A generator whose number of values a tensor decides; the caller makes a list of it."""

import torch

EXPECT = "any"


def halvings(x):
    while x.norm() > 1:
        yield x
        x = x / 2


def trail(x):
    steps = list(halvings(x))
    return len(steps), torch.stack(steps).sum(0) if steps else x * 0


def make():
    return trail, [
        (torch.tensor([0.5, 0.5], requires_grad=True),),
        (torch.tensor([3.0, 4.0], requires_grad=True),),
        (torch.tensor([1.0, 1.2], requires_grad=True),),
    ]
