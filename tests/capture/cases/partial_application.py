"""functools.partial, nested and of a method, as the program and inside it."""

import functools

import torch

EXPECT = "graph"


def soft_step(x, sharpness, *, centre):
    if x.mean() > centre:
        return torch.sigmoid(sharpness * (x - centre))
    return x * 0.1 * sharpness


def both(f, g, x):
    y = f(x)
    return y + g(y) if y.sum() > 1 else y - g(x)


def make():
    gentle = functools.partial(soft_step, sharpness=0.5)
    program = functools.partial(both, functools.partial(gentle, centre=0.0), torch.tanh)
    return program, [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([-5.0, 0.2], requires_grad=True),),
        (torch.tensor([9.0, -2.2], requires_grad=True),),
    ]
