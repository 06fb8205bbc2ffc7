"""A NamedTuple built on either side with other leaves, unpacked and updated with `_replace`."""

from typing import NamedTuple

import torch

EXPECT = "graph"


class Split(NamedTuple):
    left: torch.Tensor
    right: torch.Tensor
    gain: float


def best_split(x):
    middle = x.shape[0] // 2
    if x[:middle].sum() > x[middle:].sum():
        split = Split(x[:middle], x[middle:], 1.0)
    else:
        split = Split(x[middle:], x[:middle], -1.0)
    left, right, gain = split
    return split._replace(left=left * gain), (left - right).sum()


def make():
    return best_split, [
        (torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),),
        (torch.tensor([4.0, 3.0, 2.0, 1.0], requires_grad=True),),
        (torch.tensor([0.0, 3.0, -2.0, 1.0], requires_grad=True),),
    ]
