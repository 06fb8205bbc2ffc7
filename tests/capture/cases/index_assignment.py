"""`x[i] = v` in branches: a constant index, a tensor as index, a slice, and an augmented assignment."""

import torch

EXPECT = "graph"


def update_row(table, row, value):
    table = table.clone()
    if value.mean() > 0:
        table[row] = value
        table[0, 1] += 1
    else:
        table[1:, 0] = value[0]
        table[-1] = table[0]
    return table * 2


def make():
    table = torch.arange(6.0).reshape(3, 2).requires_grad_()
    return update_row, [
        (table, torch.tensor(2), torch.tensor([5.0, 6.0], requires_grad=True)),
        (table, torch.tensor(1), torch.tensor([-5.0, -6.0], requires_grad=True)),
        (table, torch.tensor(0), torch.tensor([7.0, -6.0], requires_grad=True)),
    ]
