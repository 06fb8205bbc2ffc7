"""A tensor grows by `torch.cat` each round until its sum is large enough."""
import torch

EXPECT = "graph"


def grow(x):
    while x.sum() < 10.0:
        x = torch.cat([x, x[-1:] * 1.2])
    return x


def make():
    return grow, [
        (torch.tensor([4.0, 7.0], requires_grad=True),),
        (torch.tensor([4.0, 5.0], requires_grad=True),),
        (torch.tensor([0.5, 1.0], requires_grad=True),),
    ]
