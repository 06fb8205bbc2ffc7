"""A module that applies itself until the change is small, mutual recursion of two methods."""
import torch
from torch import nn
EXPECT = "graph"

class Ping(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 3)
        with torch.no_grad():
            self.a.weight.mul_(0.5)
            self.b.weight.mul_(0.5)

    def ping(self, x, depth):
        y = torch.tanh(self.a(x))
        if depth == 0 or (y - x).norm() < 0.05:
            return y, depth
        return self.pong(y, depth - 1)

    def pong(self, x, depth):
        y = torch.tanh(self.b(x)) * 0.9
        if y[1] > -0.05:
            return y, depth
        return self.ping(y, depth)

    def forward(self, x):
        return self.ping(x, 4)

def make():
    torch.manual_seed(2)
    return Ping(), [(torch.randn(3) * s,) for s in (0.0, 1.0, 3.0, 10.0, -1.0, -10.0, 5.0)]
