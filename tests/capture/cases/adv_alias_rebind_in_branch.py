"""A list is rebound to another on one side, then mutated: the two names may or may not share it."""

import torch

EXPECT = "graph"


def f(x):
    a = [x]
    b = [x * 2]
    if x.sum() > 0:
        b = a
    b.append(x * 5)
    return sum(a), sum(b), len(a)


def make():
    return f, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([0.5, 4.0], requires_grad=True),),
    ]
