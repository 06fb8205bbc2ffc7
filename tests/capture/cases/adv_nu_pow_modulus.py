"""Three-argument pow, a bool's numerator, slices and ranges made of numbers from tensors and returned."""

import torch

EXPECT = "any"


def f(x):
    n = int(x[0])
    flag = bool(x[1] > 0)
    return x * n, pow(n, 2, 5), flag.real, flag.numerator, range(n), slice(0, n)


def make():
    return f, [(torch.tensor(v),) for v in ([3.0, 2.0], [4.0, -2.0], [-1.0, 0.0])]
