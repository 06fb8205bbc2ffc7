"""Generators in a pipeline; the consumer stops on a tensor condition."""

import torch

EXPECT = "any"


def rows(x):
    for i in range(x.shape[0]):
        yield i, x[i]


def positive(pairs):
    for i, row in pairs:
        if row.sum() > 0:
            yield i, row


def f(x):
    total = x.new_zeros(x.shape[1])
    last = -1
    for i, row in positive(rows(x)):
        total = total + row
        last = i
        if total.max() > 3:
            break
    return total, last


def make():
    g = lambda v: torch.tensor(v, requires_grad=True)
    return f, [
        (g([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0]]),),
        (g([[-1.0, -2.0], [-3.0, 0.0], [-1.0, -1.0]]),),
        (g([[-1.0, -2.0], [3.0, 0.0], [1.0, 1.0]]),),
    ]
