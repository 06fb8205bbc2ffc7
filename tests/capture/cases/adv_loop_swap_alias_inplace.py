"""Carried names alias each other and one is written in place."""

import torch

EXPECT = "any"


def f(n, x):
    a = x.clone()
    b = a
    i = 0
    while i < n:
        b += 1
        if i == 1:
            b = b * 2
        i += 1
    return a, b


def make():
    return f, [(torch.tensor(n), torch.tensor([1.0, 2.0], requires_grad=True)) for n in (0, 1, 5, 2)]
