"""The length of a list that a very long loop fills is a size of what follows."""

import torch

EXPECT = "graph"


def program(x):
    rows = []
    for t in range(1030):
        rows.append(x * t)
    table = torch.stack(rows)
    return table.view(103, 10, -1).sum(1)[:4], len(rows)


def make():
    return program, [(torch.tensor(v),) for v in ([1.0, 2.0], [0.5, -1.0])]
