"""The value of the round before is kept under a second name while the first is written in place."""

import torch

EXPECT = "graph"


def f(x, n):
    prev = x
    cur = x.clone()
    i = 0
    while i < n:
        prev = cur
        cur += 1
        i += 1
    return prev, cur, (cur - prev).sum()


def make():
    return f, [(torch.ones(2), torch.tensor(n)) for n in (0, 1, 3)]
