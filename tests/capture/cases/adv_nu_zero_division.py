"""Python raises ZeroDivisionError for a number from a tensor."""

import torch

EXPECT = "any"


def f(x, n):
    k = int(n)
    if x.sum() > 0:
        return x / (10 // k)
    return x * (7 % k)


def make():
    return f, [
        (torch.tensor(v), torch.tensor(n))
        for v, n in (([2.5, 2.0], 3), ([-3.0, -2.0], -7), ([1.0, 0.2], 0), ([-7.0, 1.0], 0))
    ]
