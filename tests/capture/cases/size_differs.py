"""The two sides give tensors of different lengths; what follows works for any length."""

import torch

EXPECT = "graph"


def trimmed(x):
    if x.max() > 10:
        kept = x.sort().values[1:-1]
    else:
        kept = x * 1.0
    return kept.mean(), kept - kept.mean()


def make():
    return trimmed, [
        (torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 30.0, 4.0], requires_grad=True),),
        (torch.tensor([-50.0, 2.0, 11.0, 4.0], requires_grad=True),),
    ]
