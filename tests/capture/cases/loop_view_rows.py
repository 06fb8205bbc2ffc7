"""Rows of a matrix are views: normalising them in place changes the caller's matrix."""
import torch

EXPECT = "graph"


def normalise_rows(matrix):
    changed = 0
    for row in matrix:
        length = row.norm()
        if length > 1.0:
            row /= length
            changed += 1
    return changed


def make():
    return normalise_rows, [
        (torch.tensor([[3.0, 4.0], [0.1, 0.2], [6.0, 8.0]]),),
        (torch.tensor([[0.3, 0.4], [0.1, 0.2], [0.6, 0.2]]),),
        (torch.tensor([[0.3, 0.4], [1.0, 2.0], [0.6, 0.2]]),),
    ]
