"""Python's floor division and modulo of numbers that come from tensors, negatives included."""

import torch

EXPECT = "graph"


def f(x, n):
    k = int(n)
    q, r = k // 3, k % 3
    q2, r2 = k // -3, k % -3
    d = divmod(k, 4)
    if k % 2 == 0:
        y = x * q
    else:
        y = x * r2
    return y, q, r, q2, r2, d, k / 4, -k // 2, abs(k), k**2


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0), torch.tensor(n)) for n in (7, -7, -8, 0, 5)]
