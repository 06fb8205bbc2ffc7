"""`is` and == between values chosen by branches, and None comparisons."""

import torch

EXPECT = "any"


def f(x):
    a = x * 2
    b = a if x.sum() > 0 else x * 3
    c = None if x[0] > 1 else a
    d = [1, 2] if x[0] > 1 else [1, 2]
    e = d
    return a is b, b is a, c is None, c is a, d == [1, 2], d is e, (a if c is None else c) + b, a is not c


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
