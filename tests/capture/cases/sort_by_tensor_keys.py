"""Lists are put into an order that numbers of the graph decide: stable, reversed, by tuples."""

import torch

EXPECT = "graph"


def f(x):
    rows = [(x[k], k, x[k] * 2) for k in range(3)]
    up = sorted(rows, key=lambda row: row[0].item())
    down = sorted(rows, key=lambda row: -row[0], reverse=True)
    values = sorted([x[0], x[1], x[2]])
    rows.sort(key=lambda row: (row[0] > 1, row[1]))
    whole = sorted([int(v) for v in x], reverse=True)
    names = sorted(["a", "b", "c"], key=lambda name: x["abc".index(name)].item())
    pairs = sorted([(1, x[0].item()), (1, x[1].item()), (0, 5.0)])
    return up, down, values, rows, whole, names, pairs


def make():
    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0, 3.0], [2.0, -1.0, 2.0], [-5.0, -2.0, -9.0], [1.0, 1.0, 1.0])
    ]
