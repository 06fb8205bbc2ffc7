"""A generator yields values computed with tensor decisions; its consumer decides again."""

import torch

EXPECT = "any"  # not in one graph yet


def scales(x):
    for k in (1, 2, 4):
        y = x / k
        if y.abs().max() > 1:
            y = y.tanh()
        yield k, y


def pyramid(x):
    total = torch.zeros_like(x)
    for k, y in scales(x):
        total = total + y if y.sum() > 0 else total - y * k
    return total, max(y.max() for _, y in scales(x))


def make():
    return pyramid, [
        (torch.tensor([0.5, 0.2], requires_grad=True),),
        (torch.tensor([3.0, 0.2], requires_grad=True),),
        (torch.tensor([-3.0, -0.2], requires_grad=True),),
    ]
