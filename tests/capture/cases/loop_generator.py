"""A generator yields states until a tensor says stop; the consumer sums them."""
import torch

EXPECT = "any"


def states(x):
    while x.norm() > 0.5:
        yield x
        x = x * 0.6


def total(x):
    result = torch.zeros_like(x)
    for state in states(x):
        result = result + state
    return result


def make():
    return total, [
        (torch.tensor([0.1, 0.1], requires_grad=True),),
        (torch.tensor([0.5, 0.5], requires_grad=True),),
        (torch.tensor([5.0, 2.0], requires_grad=True),),
    ]
