"""A loop carries a view that moves along a tensor, written in place."""

import torch

EXPECT = "any"


def f(x, n):
    a = x.clone()
    row = a[0]
    i = 0
    while i < n:
        row += 1
        i += 1
        row = a[i]
    return a, row


def make():
    return f, [(torch.zeros(4, 2), torch.tensor(n)) for n in (0, 1, 3)]
