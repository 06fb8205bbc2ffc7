"""The loop keeps the best tensor so far and writes the current one in place."""

import torch

EXPECT = "graph"


def f(x, n):
    cur = x.clone()
    best = cur
    i = 0
    while i < n:
        cur.mul_(-2)
        if cur.sum() > 0:
            best = cur
        i += 1
    return best, cur


def make():
    return f, [(torch.tensor([1.0, 2.0]), torch.tensor(n)) for n in (0, 1, 2, 3)]
