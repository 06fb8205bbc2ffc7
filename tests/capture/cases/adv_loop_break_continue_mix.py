"""Nested loops with break, continue and else at several levels."""

import torch

EXPECT = "graph"


def f(x):
    total = x.new_zeros(())
    found = -1
    for i in range(x.shape[0]):
        if x[i].max() < 0:
            continue
        for j in range(x.shape[1]):
            if x[i, j] == 0:
                break
            if x[i, j] < 0:
                total = total - 1
                continue
            total = total + x[i, j]
            if total > 10:
                found = i * 10 + j
                break
        else:
            total = total * 2
            continue
        if found >= 0:
            break
    else:
        total = -total
    return total, found


def make():
    g = lambda v: torch.tensor(v, requires_grad=True)
    return f, [
        (g([[1.0, 2.0, 3.0], [4.0, 0.0, 1.0]]),),
        (g([[-1.0, -2.0, -3.0], [4.0, 5.0, 3.0]]),),
        (g([[1.0, -2.0, 0.0], [0.0, 1.0, 2.0]]),),
        (g([[9.0, 2.0, 3.0], [1.0, 1.0, 1.0]]),),
        (g([[1.0, -1.0, 1.0], [1.0, 1.0, 1.0]]),),
    ]
