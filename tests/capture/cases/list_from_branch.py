"""Both sides build a list of the same length out of different tensors; later code stacks and iterates it."""

import torch

EXPECT = "graph"


def pyramid(x):
    if x.abs().max() > 2:
        levels = [x, x / 2, x / 4]
    else:
        levels = [x.sin(), x.cos(), x.tan()]
    levels[0] = levels[0] + 1
    total = sum(level.sum() for level in levels)
    return torch.stack(levels), total, levels[1:]


def make():
    return pyramid, [
        (torch.tensor([1.0, 0.5], requires_grad=True),),
        (torch.tensor([3.0, 0.5], requires_grad=True),),
        (torch.tensor([-1.0, -5.0], requires_grad=True),),
    ]
