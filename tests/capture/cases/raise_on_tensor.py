"""A ValueError raised when a tensor is out of range, its message holding an integer from the tensor."""

import torch

EXPECT = "graph"


def embed(index, table):
    if index < 0 or index >= len(table):
        raise ValueError(f"index {int(index)} is outside of 0..{len(table) - 1}")
    return table[index] * 2


def make():
    table = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    return embed, [
        (torch.tensor(1), table),
        (torch.tensor(7), table),
        (torch.tensor(-2), table),
        (torch.tensor(2), table),
    ]
