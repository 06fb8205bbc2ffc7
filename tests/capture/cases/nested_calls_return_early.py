"""Functions that return early call each other three deep, under tests of their results."""

import torch

EXPECT = "graph"


def leaf_cost(x):
    if x.abs().max() < 0.5:
        return x.sum() * 0
    return x.square().sum()


def branch_cost(x, y):
    left = leaf_cost(x)
    if left == 0:
        return leaf_cost(y)
    right = leaf_cost(x - y)
    if right > left:
        return left
    return (left + right) / 2


def total_cost(x, y):
    cost = branch_cost(x, y)
    if cost > 10:
        return torch.log(cost)
    return cost + (branch_cost(y, x) if y.sum() > 0 else 1)


def make():
    def pair(a, b):
        return torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)

    return total_cost, [
        pair([0.1, 0.2], [1.0, 2.0]),
        pair([1.0, 0.2], [1.0, 0.3]),
        pair([1.0, 0.2], [-5.0, 0.3]),
        pair([4.0, 3.0], [-0.1, 0.2]),
        pair([0.7, 0.2], [0.1, -0.1]),
    ]
