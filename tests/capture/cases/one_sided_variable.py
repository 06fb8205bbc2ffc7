"""A variable that exists on one side only and is read only where it exists."""

import torch

EXPECT = "graph"


def normalise(x):
    wide = x.max() - x.min() > 1
    if wide:
        offset = x.mean()
        factor = x.std()
        y = (x - offset) / factor
    else:
        y = x * 1.0
    y = y.tanh()
    if wide:
        y = y * factor + offset
    return y


def make():
    return normalise, [
        (torch.tensor([1.0, 5.0, 2.0], requires_grad=True),),
        (torch.tensor([1.0, 1.5, 1.2], requires_grad=True),),
        (torch.tensor([-9.0, 9.0, 0.0], requires_grad=True),),
    ]
