"""A plain if/else on the sign of a sum."""

import torch

EXPECT = "graph"


def make():
    def program(x):
        if x.sum() > 0:
            y = x * 2
        else:
            y = x - 1
        return y.tanh()

    return program, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([3.0, -2.0], requires_grad=True),),
    ]
