"""Nested functions write the enclosing function's variables from branches, and are called in a while loop."""

import torch

EXPECT = "graph"


def f(x):
    total = torch.zeros(())
    steps = 0

    def step(v):
        nonlocal total, steps
        steps += 1
        if v.sum() > 4:
            total = total + v.max()
            return v * 0.5
        total = total - v.min()
        return v - 0.5

    while x.sum() > 1:
        x = step(x)
    return total, steps, x


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0),), (g(-1.0, 1.0),), (g(9.0, 4.0),)]
