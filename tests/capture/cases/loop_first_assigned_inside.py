"""A variable that exists only when the loop ran at least once is read only then."""
import torch

EXPECT = "graph"


def last_step(x):
    ran = False
    while x.abs().max() > 1.0:
        change = x * 0.4
        x = x - change
        ran = True
    if ran:
        return x, change.sum()
    return x, x.sum()


def make():
    return last_step, [
        (torch.tensor([0.5, -0.5], requires_grad=True),),
        (torch.tensor([1.5, -0.5], requires_grad=True),),
        (torch.tensor([9.0, -4.0], requires_grad=True),),
    ]
