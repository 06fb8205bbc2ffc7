"""A detour through numpy, there and back, in one branch."""

import numpy as np
import torch

EXPECT = "any"


def ranks(x):
    if x.max() > 1:
        order = np.argsort(x.detach().numpy())
        weights = torch.from_numpy(np.linspace(0.0, 1.0, len(order), dtype=np.float32))
        return (x[torch.from_numpy(order)] * weights).sum()
    return x.sum()


def make():
    return ranks, [
        (torch.tensor([0.5, 1.0], requires_grad=True),),
        (torch.tensor([2.0, 1.0], requires_grad=True),),
        (torch.tensor([1.0, 3.2], requires_grad=True),),
    ]
