"""A set whose members depend on the path is combined and compared."""

import torch

EXPECT = "any"


def f(x):
    v = {1, 2}
    if x.sum() > 0:
        v.add(3)
    else:
        v.discard(1)
    return (
        x * 2,
        sorted(v & {2, 3}),
        v <= {1, 2, 3},
        v == {2},
        sorted(v - {2}),
        v.copy() == v,
        frozenset(v),
        len(v | {3}),
    )


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
