"""A chosen list is appended to (no loop)."""

import torch

EXPECT = "graph"


def f(x):
    groups = [[], []]
    k = 0 if x.sum() > 0 else 1
    groups[k].append(x)
    return len(groups[0]), len(groups[1])


def make():
    g = lambda v: torch.tensor(v)
    return f, [(g([1.0, 2.0]),), (g([-1.0, -2.0]),)]
