"""A while loop inside a while loop, both decided by tensors."""
import torch

EXPECT = "graph"


def nested(x):
    rounds = 0
    while x.sum() < 20.0:
        y = x
        while y.max() < 4.0:
            y = y * 1.5
            rounds += 1
        x = x + y
    return x, rounds


def make():
    return nested, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([11.0, 12.0], requires_grad=True),),
        (torch.tensor([5.0, 1.0], requires_grad=True),),
        (torch.tensor([0.3, 0.2], requires_grad=True),),
    ]
