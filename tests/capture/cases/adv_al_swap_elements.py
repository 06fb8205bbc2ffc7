"""Elements of a list are swapped depending on tensors (an insertion sort of rows)."""

import torch

EXPECT = "graph"


def f(rows):
    items = [rows[i] for i in range(rows.shape[0])]
    for i in range(1, len(items)):
        j = i
        while j > 0 and items[j - 1].sum() > items[j].sum():
            items[j - 1], items[j] = items[j], items[j - 1]
            j -= 1
    return torch.stack(items)


def make():
    g = lambda v: torch.tensor(v, requires_grad=True)
    return f, [
        (g([[3.0, 1.0], [1.0, 0.0], [2.0, 0.0]]),),
        (g([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]),),
        (g([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]]),),
    ]
