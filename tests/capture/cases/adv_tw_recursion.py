"""A recursion returns its argument at the bottom; the caller writes it."""

import torch

EXPECT = "any"


def down(t):
    if t.sum() < 1:
        return t
    return down(t / 2)


def f(x):
    a = x * 2
    b = down(a)
    b += 1
    return a, b


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0),), (g(-1.0, -2.0),), (g(0.1, 0.2),)]
