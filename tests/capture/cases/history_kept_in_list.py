"""A list attribute grows by one entry in some calls: its length is state."""

import torch
from torch import nn

EXPECT = "any"


class Recorder(nn.Module):
    def __init__(self):
        super().__init__()
        self.history = []

    def forward(self, x):
        if x.max() > 1:
            self.history.append(x.max().item())
        if len(self.history) > 2:
            self.history.pop(0)
        return x.sum() + sum(self.history)


def make():
    return Recorder(), [(torch.tensor([v, 0.5], requires_grad=True),) for v in (2.0, 0.1, 3.0, 4.0, 5.0)]
