"""Ring buffer module with a write pointer in a buffer."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 3

class Ring(nn.Module):
    def __init__(self, size=3, dim=2):
        super().__init__()
        self.register_buffer("data", torch.zeros(size, dim))
        self.register_buffer("ptr", torch.zeros((), dtype=torch.long))
        self.register_buffer("full", torch.zeros((), dtype=torch.bool))
        self.size = size

    def forward(self, x):
        for row in x:
            self.data[self.ptr] = row.detach()
            self.ptr += 1
            if self.ptr >= self.size:
                self.ptr.zero_()
                self.full.fill_(True)
        if self.full:
            mean = self.data.mean(0)
        else:
            mean = self.data[: int(self.ptr)].mean(0)
        return x - mean

def make():
    torch.manual_seed(0)
    return Ring(), [(torch.randn(1, 2, requires_grad=True),), (torch.randn(1, 2),), (torch.randn(2, 2),), (torch.randn(3, 2),), (torch.randn(1, 2),)]
