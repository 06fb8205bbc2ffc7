"""Recursion to a depth that Python knows, with a tensor-decided branch at each level."""
import torch

EXPECT = "graph"


def pyramid(x, depth):
    if depth == 0:
        return x.sum()
    even, odd = x[::2], x[1::2]
    if even.sum() > odd.sum():
        return pyramid(even, depth - 1) * 0.5 + odd.sum()
    return pyramid(odd, depth - 1) + even.prod()


def transform(x):
    return pyramid(x, 2)


def make():
    return transform, [
        (torch.tensor([4.0, 1.0, 2.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, 4.0, 2.0, 0.5], requires_grad=True),),
        (torch.tensor([4.0, 1.0, 5.0, 0.5], requires_grad=True),),
        (torch.tensor([1.0, 1.0, 5.0, 9.5], requires_grad=True),),
    ]
