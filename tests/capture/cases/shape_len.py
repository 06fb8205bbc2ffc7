"""`len(t)` and `t.shape` are Python numbers; a tensor decides on which of them is used."""
import torch

EXPECT = "graph"


def average(x):
    if x.sum() > 0:
        return x.sum() / len(x)
    return x.sum() / x.numel()


def make():
    return average, [
        (torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True),),
        (torch.tensor([[-1.0, 2.0], [-3.0, -4.0], [5.0, -6.0]], requires_grad=True),),
        (torch.zeros(3, 2, requires_grad=True),),
    ]
