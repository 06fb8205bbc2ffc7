"""Quicksort by recursion on parts of varying size, selected with boolean masks."""
import torch

EXPECT = "any"


def quicksort(x):
    if len(x) <= 1:
        return x
    pivot, rest = x[0], x[1:]
    small, large = rest[rest < pivot], rest[rest >= pivot]
    return torch.cat([quicksort(small), pivot.unsqueeze(0), quicksort(large)])


def make():
    return quicksort, [
        (torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),),
        (torch.tensor([4.0, 3.0, 2.0, 1.0], requires_grad=True),),
        (torch.tensor([3.0, 4.0, 2.0, 1.0], requires_grad=True),),
    ]
