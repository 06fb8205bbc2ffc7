"""Three names turn round inside a loop, written in place at the end."""

import torch

EXPECT = "any"


def f(x, n):
    a, b, c = x * 1, x * 2, x * 3
    i = 0
    while i < n:
        a, b, c = b, c, a
        a = a + 0
        i += 1
    b.zero_()
    return a, b, c


def make():
    return f, [(torch.tensor([1.0, 2.0]), torch.tensor(n)) for n in (0, 1, 2, 3)]
