"""Tensors looked for in lists: `in`, index and remove with their own equality."""

import torch

EXPECT = "any"


def f(x):
    a, b = x[0], x[1]
    items = [a, b]
    if a in [b]:
        return x * 100
    k = items.index(b)
    items.remove(a)
    return items[0] * k, len(items), b in items, a is items[0]


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -1.0], [4.0, 1.0])]
