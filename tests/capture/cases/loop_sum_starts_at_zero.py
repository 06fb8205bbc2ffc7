"""An accumulator starts as the Python number 0 and becomes a tensor when the first value is added."""
import torch

EXPECT = "graph"


def sum_large(x):
    total = 0
    for value in x:
        if value > 1.0:
            total = total + value
    return total * 2


def make():
    return sum_large, [
        (torch.tensor([2.0, 0.5, 3.0], requires_grad=True),),
        (torch.tensor([0.2, 5.5, 0.1], requires_grad=True),),
        (torch.tensor([2.0, 3.0, 4.0], requires_grad=True),),
    ]
