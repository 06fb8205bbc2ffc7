"""Views of a dictionary whose keys depend on the path, made into lists."""

import torch

EXPECT = "any"


def f(x):
    v = {"a": 1}
    if x.sum() > 0:
        v["b"] = 2
    else:
        v["c"] = 3
        v["d"] = 4
    return x * 2, list(v.items()), list(v.keys()), sorted(set(v)), list(enumerate(v))


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0])]
