"""A draw decides whether a buffer moves, and by how much: random stream and state are both observable."""

import torch
from torch import nn

EXPECT = "graph"


class Walker(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("position", torch.zeros(2))
        self.accepted = 0

    def forward(self, temperature):
        proposal = self.position + torch.randn(2) * temperature
        worse = proposal.square().sum() - self.position.square().sum()
        if worse < 0 or torch.rand(()) < torch.exp(-worse / temperature):
            self.position = proposal
            self.accepted += 1
        return self.position.norm(), self.accepted


def make():
    return Walker(), [(torch.tensor(t),) for t in (1.0, 0.2, 5.0, 0.05, 0.1, 0.3)]
