"""The value of the round before is kept and the current one rebound: no sharing."""

import torch

EXPECT = "graph"


def f(x):
    prev = x
    cur = x / 2
    while (cur - prev).abs().max() > 0.1:
        prev = cur
        cur = cur / 2 + 0.1
    return prev, cur


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(0.1, 0.0),), (g(1.0, 3.0),), (g(10.0, 3.0),)]
