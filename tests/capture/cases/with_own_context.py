"""A context manager of the user's own, written as a class and as a generator, around tensor decisions."""

import contextlib

import torch
from torch import nn

EXPECT = "graph"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.scale = 1.0
        self.depth = 0

    @contextlib.contextmanager
    def scaled(self, scale):
        before, self.scale = self.scale, scale
        try:
            yield self
        finally:
            self.scale = before

    def __enter__(self):
        self.depth += 1

    def __exit__(self, *exc):
        self.depth -= 1

    def forward(self, x):
        with self, self.scaled(0.5) as net:
            if x.norm() > 1:
                x = net.fc(x) * self.scale * self.depth
            else:
                x = x * self.scale
        return x * self.scale + self.depth


def make():
    return Net(), [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([-5.0, 0.2], requires_grad=True),),
        (torch.tensor([1.0, 2.2], requires_grad=True),),
    ]
