"""`match` on a list that was appended to in a branch, and on a number of the graph."""

import torch

EXPECT = "graph"


def f(x):
    steps = [1, 2]
    if x.sum() > 0:
        steps.append(3)
    match steps:
        case [a, b]:
            total = a + b
        case [a, *rest]:
            total = a * len(rest) * 10
    match int(x[0]):
        case 1 | 2:
            kind = "small"
        case 0:
            kind = "none"
        case _:
            kind = "other"
    return total, kind, steps


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [0.0, 1.0], [-9.0, 1.0])]
