"""A list carried by a loop is another name's list at first."""

import torch

EXPECT = "any"


def f(n, x):
    a = [x, x]
    b = a
    i = 0
    while i < n:
        b[0] = b[0] + 1
        if i == 1:
            b = [b[1], b[0]]
        i += 1
    return a[0], a[1], b[0], b[1]


def make():
    return f, [(torch.tensor(n), torch.tensor([1.0, 2.0], requires_grad=True)) for n in (0, 1, 5, 2)]
