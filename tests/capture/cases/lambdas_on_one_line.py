"""Several lambdas on one line, each with its own decision, chosen and nested."""

import torch

EXPECT = "graph"

up, down, flip = (lambda x: x + 1 if x.sum() < 3 else x), (lambda x: x - 1 if x.sum() > 0 else x * 2), (lambda x: -x)


def zigzag(x):
    return down(flip(up(x))) + (lambda y: (lambda z: z * y if z > 0 else y / 2)(y.max()))(x)


def make():
    return zigzag, [
        (torch.tensor([1.0, 1.5], requires_grad=True),),
        (torch.tensor([-4.0, -2.0], requires_grad=True),),
        (torch.tensor([3.0, 2.0], requires_grad=True),),
    ]
