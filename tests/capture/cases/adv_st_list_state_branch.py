"""A counter in a module-level list, first read inside a branch."""

import torch

EXPECT = "graph"


HITS = [0, 0]


def f(x):
    if x.sum() > 0:
        HITS[0] += 1
    else:
        HITS[1] += x.shape[0]
    return x * 2


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [2.0, 4.0], [2.0, 5.0])]


def state(program):
    return HITS
