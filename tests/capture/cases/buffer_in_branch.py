"""Running statistics in buffers, updated in place on one side, replaced on the other."""

import torch
from torch import nn

EXPECT = "graph"


class Tracker(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -1.0]))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, x):
        if x.abs().max() < 10:
            self.mean.lerp_(x.detach(), 0.1)
            self.count += 1
        else:
            self.mean = torch.zeros_like(self.mean)
        return (x - self.mean) * self.weight


def make():
    return Tracker(), [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([3.0, 4.0], requires_grad=True),),
        (torch.tensor([30.0, 4.0], requires_grad=True),),
        (torch.tensor([5.0, -4.0], requires_grad=True),),
    ]
