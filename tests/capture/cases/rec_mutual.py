"""Mutual recursion: two functions that call each other until the tensor is small."""
import torch

EXPECT = "graph"


def shrink(x):
    if x.abs().sum() < 1.0:
        return x
    return turn(x * 0.5)


def turn(x):
    if x.sum() < 0:
        return -x
    return shrink(x.flip(0) - 0.25)


def make():
    return shrink, [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([-3.0, 1.0], requires_grad=True),),
        (torch.tensor([5.0, 9.0], requires_grad=True),),
    ]
