"""A recursion writes its argument in place at every level."""

import torch

EXPECT = "any"


def down(t, n):
    t += 1
    if t.sum() > 6:
        return n
    return down(t, n + 1)


def f(x):
    a = x * 2
    n = down(a, 0)
    return a, n


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0),), (g(-1.0, -2.0),), (g(0.1, 0.2),)]
