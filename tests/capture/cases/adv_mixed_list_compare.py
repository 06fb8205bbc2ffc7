"""A list whose length depends on the path is compared, reversed and iterated by hand."""

import torch

EXPECT = "any"


def f(x):
    v = [1, 2]
    if x.sum() > 0:
        v.append(3)
    places = [i for i, w in enumerate(v)]
    return x * 2, v == [1, 2], v != [1, 2], list(reversed(v)), next(iter(v)), v.__len__(), places


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
