"""One side appends to a list, the other does not; afterwards its length and sum are used."""

import torch

EXPECT = "graph"


def penalties(x):
    terms = [x.square().mean()]
    if x.max() > 1:
        terms.append((x.max() - 1) ** 2)
    if x.min() < -1:
        terms.append((x.min() + 1) ** 2)
    return sum(terms) / len(terms)


def make():
    return penalties, [
        (torch.tensor([0.5, -0.5], requires_grad=True),),
        (torch.tensor([2.5, -0.5], requires_grad=True),),
        (torch.tensor([2.5, -2.5], requires_grad=True),),
        (torch.tensor([0.0, -3.0], requires_grad=True),),
    ]
