"""A factorial in a tensor-decided loop grows past 64 bits."""

import torch

EXPECT = "graph"


def f(n):
    k = int(n)
    p = 1
    while k > 0:
        p *= k
        k -= 1
    return p


def make():
    return f, [(torch.tensor(k),) for k in (3, 0, 20, 25)]
