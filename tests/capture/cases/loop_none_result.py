"""A search that gives None when nothing was found: the kind of the result depends on the data."""
import torch

EXPECT = "graph"


def find_zero(x):
    previous = None
    for value in x:
        if previous is not None and previous * value < 0:
            return previous / (previous - value)
        previous = value
    return None


def make():
    return find_zero, [
        (torch.tensor([1.0, 2.0, -3.0, 4.0], requires_grad=True),),
        (torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),),
        (torch.tensor([-1.0, 2.0, 3.0, 4.0], requires_grad=True),),
    ]
