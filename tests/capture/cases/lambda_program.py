"""The program itself is a lambda with a conditional expression."""

import torch

EXPECT = "graph"


def make():
    program = lambda x: x.exp() if x.mean() < 0 else x.log1p()
    return program, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([0.5, 0.2], requires_grad=True),),
    ]
