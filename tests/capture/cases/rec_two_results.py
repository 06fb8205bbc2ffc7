"""A recursive function returns a tensor and a Python count."""
import torch

EXPECT = "graph"


def halve(x):
    if x.sum() < 1.0:
        return x, 0
    smaller, steps = halve(x / 2)
    return smaller + 0.01, steps + 1


def make():
    return halve, [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([1.0, 0.2], requires_grad=True),),
        (torch.tensor([40.0, 30.0], requires_grad=True),),
    ]
