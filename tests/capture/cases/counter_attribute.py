"""A Python counter on the module goes up in every call and steers the program together with a tensor."""

import torch
from torch import nn

EXPECT = "graph"
MAX_GRAPHS = 2


class Warmup(nn.Module):
    def __init__(self, steps=2):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.steps = steps
        self.step = 0

    def forward(self, x):
        self.step += 1
        scale = min(1.0, self.step / self.steps)
        y = self.fc(x) * scale
        if y.sum() > 0:
            y = y / self.step
        return y


def make():
    return Warmup(), [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-4.0, -2.0], requires_grad=True),),
        (torch.tensor([3.0, -1.0], requires_grad=True),),
        (torch.tensor([0.0, 1.0], requires_grad=True),),
    ]
