"""As before, but the first tensor is written after the loop."""

import torch

EXPECT = "any"


def f(x):
    a = x * 2
    b = a
    while b.sum() > 4:
        b = b / 2
    a += 1
    return a * 2, b * 3


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0),), (g(-1.0, -2.0),), (g(0.1, 0.2),)]
