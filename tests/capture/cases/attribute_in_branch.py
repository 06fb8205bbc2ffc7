"""`self.attr = ...` in branches: a tensor kept from call to call, a counter, and a tag."""

import torch
from torch import nn

EXPECT = "graph"


class Smoother(nn.Module):
    def __init__(self):
        super().__init__()
        self.previous = torch.zeros(2)
        self.rejected = 0
        self.verdict = "none"

    def forward(self, x):
        if (x - self.previous).norm() > 4:
            self.rejected += 1
            self.verdict = "jump"
        else:
            self.previous = 0.5 * self.previous + 0.5 * x.detach()
            self.verdict = "smooth"
        return self.previous * x


def make():
    return Smoother(), [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([9.0, 2.0], requires_grad=True),),
        (torch.tensor([-9.0, 2.0], requires_grad=True),),
        (torch.tensor([2.0, 2.0], requires_grad=True),),
    ]
