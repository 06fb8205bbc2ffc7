"""A list whose length depends on the path is returned several times: it is one list."""

import torch

EXPECT = "any"


def f(x):
    v = [1, 2]
    if x.sum() > 0:
        v.append(3)
    return x * 2, [v, v], v or 2, v


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
