"""Lists in a list, multiplied, share one inner list."""

import torch

EXPECT = "graph"


def f(x):
    rows = [[]] * 2
    other = [[] for _ in range(2)]
    for i in range(3):
        if x[i] > 0:
            rows[0].append(x[i])
            other[0].append(x[i])
        else:
            rows[1].append(-x[i])
            other[1].append(-x[i])
    return torch.stack(rows[0]), torch.stack(rows[1]).sum(), len(other[0]), len(rows[0])


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0, 3.0], [-1.0, -2.0, 1.0], [4.0, -1.0, -2.0])]
