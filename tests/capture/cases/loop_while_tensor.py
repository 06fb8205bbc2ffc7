"""A while loop whose test is a tensor: halve a vector until its norm is at most one."""
import torch

EXPECT = "graph"


def shrink(x):
    while x.norm() > 1.0:
        x = x * 0.5
    return x


def make():
    return shrink, [
        (torch.tensor([0.1, 0.2, 0.3], requires_grad=True),),
        (torch.tensor([1.0, 1.0, 1.0], requires_grad=True),),
        (torch.tensor([9.0, -7.0, 30.0], requires_grad=True),),
    ]
