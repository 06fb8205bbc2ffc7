"""A part of a tensor that starts where a tensor says: beyond the end that is an exception, where a slice is shorter."""

import torch

EXPECT = "any"


def f(x, i):
    return x.narrow(0, int(i), 1) * 2, x[int(i) :].sum()


def make():
    x = torch.arange(12.0).reshape(3, 4)
    return f, [(x, torch.tensor(k)) for k in (0, 1, -1, 3, 2)]
