"""Two new tensors on one side, one tensor under two names on the other; written later."""

import torch

EXPECT = "any"


def f(x):
    if x.sum() > 0:
        a = b = x * 2
    else:
        a = x * 2
        b = x * 3
    a += 1
    return a, b


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
