"""Tests that do not look like comparisons: `torch.equal`, `allclose`, `is_nonzero`, `in`, and `isfinite().all()`."""

import torch

EXPECT = "graph"


def classify(x, y):
    if torch.equal(x, y):
        return x * 0
    if torch.allclose(x, y, atol=0.1):
        return x - y
    if torch.is_nonzero(x[0]) and 2.0 in y:
        return x / x[0]
    return y if y.isfinite().all() else x + 1


def make():
    def pair(a, b):
        return torch.tensor(a, requires_grad=True), torch.tensor(b)

    return classify, [
        pair([1.0, 3.0], [1.0, 3.0]),
        pair([1.0, 3.0], [1.05, 3.0]),
        pair([5.0, 3.0], [2.0, 3.0]),
        pair([0.0, 3.0], [2.0, 3.0]),
        pair([1.0, 3.0], [float("inf"), 3.0]),
    ]
