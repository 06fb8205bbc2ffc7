"""A method under `@torch.no_grad()` that decides on tensors, called from a forward with gradients."""

import torch
from torch import nn

EXPECT = "graph"


class Quantiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.codes = nn.Parameter(torch.tensor([[0.0, 0.0], [1.0, 1.0], [-1.0, 2.0]]))

    @torch.no_grad()
    def nearest(self, x):
        distance = (self.codes - x).norm(dim=1)
        index = distance.argmin()
        if distance.min() > 3:
            index = torch.zeros_like(index)
        return index

    def forward(self, x):
        code = self.codes[self.nearest(x)]
        return x + (code - x).detach(), (code - x.detach()).square().mean()


def make():
    return Quantiser(), [
        (torch.tensor([0.9, 1.2], requires_grad=True),),
        (torch.tensor([9.0, 9.0], requires_grad=True),),
        (torch.tensor([-0.9, 1.7], requires_grad=True),),
    ]
