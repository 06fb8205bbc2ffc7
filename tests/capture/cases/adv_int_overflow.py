"""Python integers do not overflow where 64-bit tensors do."""

import torch

EXPECT = "graph"


def f(n):
    k = n.item()
    p = 1
    for _ in range(5):
        p = p * k
    t = n**5
    return p, t, p > 2**62


def make():
    return f, [(torch.tensor(k),) for k in (3, 100000, -70000, 0)]
