"""A Python float and a Python int among the arguments take another value in every call."""

import torch

EXPECT = "graph"
MAX_GRAPHS = 2  # the second value shows that the numbers vary


def decayed(x, rate, step):
    scale = rate / (1 + step)
    if x.norm() > scale:
        x = x * (scale / x.norm())
    return x, scale


def make():
    def vector(*values):
        return torch.tensor(values, requires_grad=True)

    return decayed, [
        (vector(0.6, 0.8), 0.5, 0),
        (vector(0.06, 0.08), 0.75, 1),
        (vector(6.0, 8.0), 0.9, 2),
        (vector(0.6, 0.8), 9.0, 3),
    ]
