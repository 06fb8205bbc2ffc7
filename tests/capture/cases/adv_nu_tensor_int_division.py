"""Integer tensors: floor division, remainder and fmod of negatives, overflow of int8 and int32, true division."""

import torch

EXPECT = "graph"


def f(n):
    a = n // 3
    b = n % 3
    c = torch.fmod(n, 3)
    d = n / 2
    small = n.to(torch.int8) * 100
    if (b == c).all():
        return a, b, d, small
    return a + 1, c, d * 2, small + 1


def make():
    return f, [(torch.tensor(v),) for v in ([7, 8], [-7, -8], [0, 5], [-1, 127])]
