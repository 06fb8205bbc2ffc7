"""Stochastic depth: in training each residual block is dropped by a random draw."""
import torch
from torch import nn

EXPECT = "graph"


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])

    def forward(self, x, p):
        for block in self.blocks:
            if self.training and torch.rand(()) < p:
                continue
            x = x + torch.tanh(block(x))
        return x


def make():
    torch.manual_seed(0)
    model = Residual()
    x = torch.tensor([[1.0, -1.0, 0.5]])
    return model, [(x, torch.tensor(p)) for p in (0.0, 1.0, 0.5)]
