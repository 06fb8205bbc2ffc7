"""Recursion over a tree of nested tuples with None leaves, decided by tensors."""

import torch

EXPECT = "graph"


def visit(node, x):
    if node is None:
        return x, 0
    weight, left, right = node
    if (x * weight).sum() > 0:
        y, depth = visit(left, x * weight)
    else:
        y, depth = visit(right, x + weight)
    return y, depth + 1


def make():
    tree = (
        torch.tensor([1.0, -1.0]),
        (torch.tensor([2.0, 2.0]), None, None),
        (torch.tensor([-1.0, 1.0]), (torch.tensor([1.0, 3.0]), None, None), None),
    )
    return (lambda x: visit(tree, x)), [
        (torch.tensor(v, requires_grad=True),) for v in ([3.0, 2.0], [1.0, 2.0], [-3.0, -5.0], [-3.0, 5.0])
    ]
