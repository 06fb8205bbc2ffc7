"""retain_grad and a tensor hook inside a branch."""

import torch

EXPECT = "any"


def f(x):
    y = x * 2
    if x.sum() > 0:
        y.register_hook(lambda g: g * 10)
    return (y * y).sum()


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([2.0, 2.0], [-3.0, -2.0], [0.1, 0.2])]
