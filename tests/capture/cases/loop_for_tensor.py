"""`for x in tensor` walks over the rows, with a branch on each row."""
import torch

EXPECT = "graph"


def signed_norms(rows):
    total = torch.zeros(())
    for row in rows:
        if row.sum() > 0:
            total = total + row.norm()
        else:
            total = total - 2.0 * row.norm()
    return total


def make():
    return signed_norms, [
        (torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True),),
        (torch.tensor([[1.0, 2.0], [-3.0, -4.0], [5.0, 6.0]], requires_grad=True),),
        (torch.tensor([[-1.0, 0.5], [-3.0, -4.0], [-5.0, 1.0]], requires_grad=True),),
    ]
