"""The caller's tensor is changed in place, a tensor-decided number of times."""
import torch

EXPECT = "graph"


def shrink_(x):
    rounds = 0
    while x.abs().max() > 1.0:
        x.mul_(0.5)
        x[0] += 0.125
        rounds += 1
    return rounds


def make():
    return shrink_, [
        (torch.tensor([0.5, -0.25]),),
        (torch.tensor([1.5, -0.25]),),
        (torch.tensor([6.0, -11.0]),),
    ]
