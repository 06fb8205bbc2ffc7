"""int() of infinity and NaN raises as in Python."""

import torch

EXPECT = "any"


def f(x):
    if x[1] > 0:
        return x * int(x[0])
    return x


def make():
    nan, inf = float("nan"), float("inf")
    return f, [(torch.tensor(v),) for v in ([3.7, 1.0], [nan, 1.0], [inf, -3.0], [inf, 1.0], [-2.5, 1.0])]
