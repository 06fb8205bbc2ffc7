"""`.tolist()` of the indices found by `nonzero`: a Python list whose length a tensor decides."""

import torch

EXPECT = "any"


def positions(x):
    found = (x > 0).nonzero().flatten().tolist()
    if not found:
        return x * 0, found
    return x[found] * torch.tensor(found), found


def make():
    return positions, [
        (torch.tensor([0.5, -0.5, 1.0], requires_grad=True),),
        (torch.tensor([-3.0, -4.0, -1.0], requires_grad=True),),
        (torch.tensor([1.0, 1.2, 2.0], requires_grad=True),),
    ]
