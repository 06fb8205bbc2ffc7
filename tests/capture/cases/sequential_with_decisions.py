"""An nn.Sequential of ordinary layers and layers that decide on their input."""

import torch
from torch import nn

EXPECT = "graph"


class Gate(nn.Module):
    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def forward(self, x):
        return x.tanh() if x.norm() > self.limit else x * 1.5


def make():
    layers = [nn.Linear(2, 3), Gate(1.0), nn.Sequential(nn.LayerNorm(3), Gate(5.0)), nn.Linear(3, 1)]
    return nn.Sequential(*layers), [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([5.0, 0.2], requires_grad=True),),
        (torch.tensor([-0.5, -2.2], requires_grad=True),),
    ]
