"""A Python range with a tensor-decided break: at most five steps, often fewer."""
import torch

EXPECT = "graph"


def iterate(x):
    for i in range(5):
        new = torch.cos(x)
        if (new - x).abs().max() < 0.05:
            break
        x = new
    return x, i


def make():
    return iterate, [
        (torch.tensor([0.1, 0.9], requires_grad=True),),
        (torch.tensor([0.739, 0.74], requires_grad=True),),
        (torch.tensor([0.7, 0.8], requires_grad=True),),
    ]
