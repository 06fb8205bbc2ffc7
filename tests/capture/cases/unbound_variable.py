"""A variable that one side forgets to set: reading it raises UnboundLocalError on that path only."""

import torch

EXPECT = "graph"


def forgetful(x):
    if x.sum() > 0:
        scale = x.max()
    y = x + 1
    return y * scale


def make():
    return forgetful, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([3.0, -2.0], requires_grad=True),),
    ]
