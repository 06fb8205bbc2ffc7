"""Gradients are switched off on one side only, by context and by set_grad_enabled."""

import torch

EXPECT = "any"


def f(x, w):
    if x.sum() > 3:
        with torch.no_grad():
            y = x * w
    else:
        y = x * w + 1
    with torch.set_grad_enabled(bool(x[0] > 0)):
        z = w * 3
    return y + x, z


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 1.0), g(2.0, 2.0)),
        (g(3.0, 1.0), g(2.0, 2.0)),
        (g(-3.0, 1.0), g(2.0, 2.0)),
        (g(-3.0, 9.0), g(2.0, 2.0)),
    ]
