"""A recursion appends to a list given by the caller."""

import torch

EXPECT = "any"


def walk(x, out):
    out.append(x.sum())
    if x.sum() > 3:
        walk(x / 2, out)
        return
    out.append(x[0])


def f(x):
    out = []
    walk(x, out)
    return torch.stack(out).sum(), len(out)


def make():
    return f, [(torch.tensor(v),) for v in ([3.0, 2.0], [1.0, 1.0], [13.0, 5.0])]
