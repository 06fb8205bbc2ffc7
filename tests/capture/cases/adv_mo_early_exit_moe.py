"""A classifier with early exits whose layers are mixtures of experts chosen by argmax; keeps statistics."""

import torch
from torch import nn

EXPECT = "graph"


class Experts(nn.Module):
    def __init__(self, width, count):
        super().__init__()
        self.gate = nn.Linear(width, count)
        self.experts = nn.ModuleList(nn.Linear(width, width) for _ in range(count))
        self.register_buffer("load", torch.zeros(count))

    def forward(self, x):
        k = self.gate(x).argmax().item()
        self.load[k] += 1
        return self.experts[k](x).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Experts(4, 3) for _ in range(3))
        self.exits = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))
        self.exited_at = None

    def forward(self, x, confidence=0.7):
        for i, (layer, exit) in enumerate(zip(self.layers, self.exits)):
            x = layer(x)
            p = exit(x).softmax(-1)
            if p.max() > confidence:
                self.exited_at = i
                return p
        self.exited_at = -1
        return p


def make():
    torch.manual_seed(3)
    net = Net()
    return net, [(torch.randn(4) * s,) for s in (1.0, 30.0, 0.1, 60.0, 100.0, 2.0)]
