"""Nested conditions with and/or/not and a conditional expression."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 3

class Gate(nn.Module):
    def __init__(self, dim=3):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)
        self.threshold = nn.Parameter(torch.tensor(0.3))

    def forward(self, x, force=False):
        h = self.fc1(x)
        if force or h.mean() > self.threshold:
            h = torch.relu(h)
            if h.sum() > 5 and not (h > 4).any():
                h = self.fc2(h) + x
        else:
            scale = 2.0 if h.min() < -1 else 0.5
            h = torch.tanh(h) * scale
        return h if 0 < h.abs().max() < 3 else h / 3

def make():
    torch.manual_seed(3)
    return Gate(), [(torch.randn(2, 3),), (torch.randn(2, 3) * 8,), (-torch.ones(2, 3) * 4,), (torch.randn(4, 3), True), (torch.randn(5, 3),)]
