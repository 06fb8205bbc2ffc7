"""Closures made in a loop see the loop variable's last value, one with a default keeps its own."""

import torch

EXPECT = "graph"


def f(x):
    late, early = [], []
    for k in range(3):
        if x[k] > 0:
            late.append(lambda t: t * k)
            early.append(lambda t, k=k: t + k)
        else:
            late.append(lambda t: t - k)
            early.append(lambda t, k=k: t / (k + 1))
    for g, h in zip(late, early):
        x = h(g(x))
    return x


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0, 3.0),), (g(-1.0, 2.0, -3.0),), (g(-1.0, -2.0, -3.0),), (g(-1.0, -2.0, 3.0),)]
