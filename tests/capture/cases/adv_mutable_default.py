"""A mutable default argument remembers between calls."""

import torch

EXPECT = "any"


def make():
    def f(x, seen=[]):
        if x.sum() > 0:
            seen.append(x.sum().detach())
        return x * len(seen)

    return f, [
        (torch.tensor([1.0, 2.0]),),
        (torch.tensor([-1.0, -2.0]),),
        (torch.tensor([0.5, 4.0]),),
        (torch.tensor([0.5, 4.0]),),
    ]


def state(program):
    return program.__defaults__
