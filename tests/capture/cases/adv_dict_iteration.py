"""A dictionary of tensors is walked, each entry decides what happens to it."""

import torch

EXPECT = "graph"


def f(features):
    out = {}
    best = None
    for name, value in features.items():
        if value.norm() > 1:
            out[name] = value / value.norm()
        else:
            out[name] = value
        if best is None or value.sum() > best:
            best = value.sum()
    return out, best


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        ({"a": g(1.0, 2.0), "b": g(0.0, 1.0)},),
        ({"a": g(0.1, 0.2), "b": g(0.4, 0.5)},),
        ({"a": g(3.0, 2.0), "b": g(4.0, -5.0)},),
    ]
