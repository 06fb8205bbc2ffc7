"""Conditional expressions: as an argument, nested in each other, and inside a subscript."""

import torch

EXPECT = "graph"


def blend(x, y):
    weight = 0.9 if x.norm() > y.norm() else 0.1
    mixed = torch.lerp(x, y if y.sum() > 0 else -y, weight)
    best = mixed[0 if mixed[0] > mixed[1] else 1]
    return mixed, best.exp() if best < 0 else best.log1p() if best < 1 else best.sqrt()


def make():
    def pair(a, b):
        return torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)

    return blend, [
        pair([3.0, 4.0], [1.0, 1.0]),
        pair([0.1, 0.2], [-2.0, 1.0]),
        pair([-1.0, -2.0], [5.0, -4.9]),
        pair([-3.0, -4.0], [-4.0, 0.5]),
        pair([0.5, 0.1], [0.2, 0.4]),
    ]
