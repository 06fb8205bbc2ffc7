"""A comprehension that filters rows by a tensor condition; the kept rows are counted and summed."""

import torch

EXPECT = "graph"


def sum_of_large(rows, limit):
    large = [row * 2 for row in rows if row.norm() > limit]
    total = torch.zeros_like(rows[0])
    for row in large:
        total = total + row
    return total, len(large)


def make():
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.1, 0.2]], requires_grad=True)
    return sum_of_large, [(rows, torch.tensor(limit)) for limit in (1.0, 9.0, 3.0, 0.0)]
