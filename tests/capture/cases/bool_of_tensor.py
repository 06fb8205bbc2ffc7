"""`bool(t)` kept in a variable, combined with Python flags, negated, and returned."""

import torch

EXPECT = "graph"


def gate(x, strict=True):
    positive = bool((x > 0).all())
    bounded = bool(x.abs().max() < 5)
    accept = positive and (bounded or not strict)
    y = x * 2 if accept else x * 0.5
    return y, accept, positive != bounded


def make():
    return gate, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([1.0, 9.0], requires_grad=True),),
        (torch.tensor([-1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -8.0], requires_grad=True),),
    ]
