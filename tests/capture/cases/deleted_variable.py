"""`del` on one side; the name is set again before it is read."""

import torch

EXPECT = "graph"


def lean(x):
    cache = x * x
    if cache.sum() > 10:
        del cache
        total = x.abs().sum()
        cache = torch.zeros_like(x)
    else:
        total = cache.sum()
    return total, cache + x


def make():
    return lean, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([3.0, -2.0], requires_grad=True),),
        (torch.tensor([-1.0, 0.5], requires_grad=True),),
    ]
