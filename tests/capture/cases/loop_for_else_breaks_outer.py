"""The else part of an inner `for` breaks the outer one: rows are read until a whole row was small."""
import torch

EXPECT = "graph"


def first_small_row(rows):
    total = torch.zeros(())
    seen = 0
    for row in rows:
        seen += 1
        noise = torch.rand(())
        for value in row:
            if value > 1.0:
                break
            total = total + value
        else:
            total = total * noise
            break
    return total, seen


def make():
    return first_small_row, [
        (torch.tensor([[2.0, 0.5], [0.5, 0.25], [0.1, 0.2]], requires_grad=True),),
        (torch.tensor([[0.5, 0.25], [3.0, 0.25], [0.1, 0.2]], requires_grad=True),),
        (torch.tensor([[0.5, 2.5], [3.0, 0.25], [0.1, 1.2]], requires_grad=True),),
    ]
