"""A chained comparison evaluates its middle once and its right end only when needed."""

import torch

EXPECT = "graph"


def make():
    calls = torch.zeros(3)

    def at(x, k):
        calls[k] += 1
        return x[k]

    def f(x):
        if at(x, 0) < at(x, 1) <= at(x, 2):
            return x.sum()
        return x.prod()

    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0, 3.0], [1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [-1.0, 1.0, 1.0])
    ]
