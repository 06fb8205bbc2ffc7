"""The two sides return tensors of different dtypes, and the caller sees which: int64 or float32."""

import torch

EXPECT = "any"


def count_or_mean(x):
    if (x == x.round()).all():
        return x.long().sum()
    return x.mean()


def make():
    return count_or_mean, [
        (torch.tensor([1.0, 2.0, 4.0], requires_grad=True),),
        (torch.tensor([1.5, 2.0, 4.0], requires_grad=True),),
        (torch.tensor([-1.0, 0.0, 3.0], requires_grad=True),),
    ]
