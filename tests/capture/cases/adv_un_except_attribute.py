"""try/except AttributeError and TypeError as a test of what a value is (duck typing)."""

import torch

EXPECT = "any"


def size(v):
    try:
        return v.numel()
    except AttributeError:
        pass
    try:
        return len(v)
    except TypeError:
        return 1


def f(x):
    v = x * 2 if x.sum() > 0 else 3.0
    w = [x, x, x] if x[0] > 1 else (x,)
    return size(v), size(w), x * size(x)


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
