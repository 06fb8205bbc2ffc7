"""Two keys of a dictionary share a list after one side."""

import torch

EXPECT = "graph"


def f(x):
    d = {"a": [x], "b": [x * 2]}
    if x[0] > 0:
        d["b"] = d["a"]
    d["a"].append(x - 1)
    return len(d["b"]), sum(d["a"]), sum(d["b"])


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
