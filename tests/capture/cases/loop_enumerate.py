"""`enumerate` over a tensor: weights grow with the position, and the first large entry is remembered."""
import torch

EXPECT = "graph"


def weighted(x):
    total = torch.zeros(())
    first_large = -1
    for i, value in enumerate(x, start=1):
        total = total + i * value
        if value > 2.0 and first_large < 0:
            first_large = i
    return total, first_large


def make():
    return weighted, [
        (torch.tensor([0.5, 1.0, 1.5, 2.0], requires_grad=True),),
        (torch.tensor([0.5, 3.0, 1.5, 4.0], requires_grad=True),),
        (torch.tensor([5.0, 3.0, 1.5, 4.0], requires_grad=True),),
        (torch.tensor([0.5, 1.0, 1.5, 2.5], requires_grad=True),),
    ]
