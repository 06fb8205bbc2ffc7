"""An if in a while in a for, all decided by tensors."""
import torch

EXPECT = "graph"


def process(rows):
    total = torch.zeros(())
    for row in rows:
        while row.abs().max() > 1.0:
            if row.sum() > 0:
                row = row - 0.5
            else:
                row = row * 0.5
        total = total + (row * row).sum()
    return total


def make():
    return process, [
        (torch.tensor([[0.5, 0.5], [0.1, -0.3]], requires_grad=True),),
        (torch.tensor([[2.5, 0.5], [-3.0, 1.0]], requires_grad=True),),
        (torch.tensor([[-9.0, 0.5], [0.2, 0.3]], requires_grad=True),),
    ]
