"""Second derivatives through a while loop with a nonlinear body."""

import torch

EXPECT = "graph"


def f(x):
    y = x
    n = 0
    while y.square().sum() < 20:
        y = y * y.abs().sqrt() + x.sin()
        n += 1
        if n > 3:
            break
    return (y * x.exp()).sum()


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.2, 1.1),), (g(5.0, 2.0),), (g(0.5, 1.3),), (g(0.01, 0.01),)]
