"""`int(t)` of a count: used as a power, as a multiplier of a list, in a comparison, and returned."""

import torch

EXPECT = "graph"


def power_mean(x):
    exponent = int((x > 0).sum()) + 1
    mean = x.abs().pow(exponent).mean()
    if exponent % 2 == 0:
        mean = mean + 1
    if exponent > 2:
        mean = mean.pow(1 / exponent)
    return mean, exponent


def make():
    return power_mean, [
        (torch.tensor([1.0, -2.0, -3.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, -3.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, -3.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 3.0], requires_grad=True),),
    ]
