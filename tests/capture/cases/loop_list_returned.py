"""A list whose length the data decides is returned as it is."""
import torch

EXPECT = "any"


def halvings(x):
    values = []
    while x.max() > 1.0:
        values.append(x)
        x = x / 2
    return values


def make():
    return halvings, [
        (torch.tensor([3.0, 1.0], requires_grad=True),),
        (torch.tensor([0.3, 0.1], requires_grad=True),),
        (torch.tensor([30.0, 1.0], requires_grad=True),),
    ]
