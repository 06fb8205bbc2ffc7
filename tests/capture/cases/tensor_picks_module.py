"""A tensor as index of a ModuleList: one of three experts is run."""

import torch
from torch import nn

EXPECT = "graph"


class Switch(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(3, 3)
        self.experts = nn.ModuleList([nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 2), nn.Tanh()), nn.Linear(3, 2)])

    def forward(self, x):
        scores = self.router(x).softmax(-1)
        best = scores.argmax()
        return self.experts[best](x) * scores[best]


def make():
    return Switch(), [
        (torch.tensor([1.0, -2.0, 3.0], requires_grad=True),),
        (torch.tensor([-4.0, 2.0, 1.0], requires_grad=True),),
        (torch.tensor([1.0, 5.0, -5.0], requires_grad=True),),
        (torch.tensor([-5.0, -5.0, -4.0], requires_grad=True),),
    ]
