"""Integers, floats and booleans of tensors mixed in Python's arithmetic, with true and floor division by zero."""

import torch

EXPECT = "graph"


def f(x, n):
    k = n.item()
    v = x[0].item()
    s = k + v
    t = k // 2 + v // 2
    u = (v > 0) + k
    w = k / 3 if v > 0 else k // 3
    m = max(k, v)
    q = min(k, 3, int(v))
    c = s if k > v else int(s)
    if k == 0:
        z = 0
    else:
        z = v / k
    return x * s, t, u, w, m, q, c, z, k << 2, k & 3, -k % 5, v**2, 2**v, k**3, float(k), str(k)


def make():
    return f, [
        (torch.tensor(v), torch.tensor(n))
        for v, n in (([2.5, 2.0], 3), ([-3.0, -2.0], -7), ([0.0, 0.2], 0), ([7.0, 1.0], 7))
    ]
