"""A counter in an outer dictionary in a branch."""

import torch

EXPECT = "graph"


def make():
    counts = {"n": 0}

    def f(x):
        if x[0] > 0:
            counts["n"] += 1
        return x

    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0, 1.0], [-1.0, 12.0, 3.0], [1.0, 0, 0])]
