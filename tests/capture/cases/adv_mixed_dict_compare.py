"""A dictionary whose keys depend on the path is compared, searched and merged."""

import torch

EXPECT = "any"


def f(x):
    v = {"a": 1}
    if x.sum() > 0:
        v["b"] = 2
    else:
        v["c"] = 3
        v["d"] = 4
    same = v == {"a": 1, "b": 2}
    return x * 2, same, "b" in v.keys(), 2 in v.values(), v.keys() == {"a", "b"}, len(v.items()), v | {"z": 1}


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
