"""A sparse mixture of experts in the mask style: each expert sees only the rows routed to it, if there are any."""
import torch
from torch import nn

EXPECT = "graph"


class Routed(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(3, 3)
        self.experts = nn.ModuleList([nn.Linear(3, 2) for _ in range(3)])

    def forward(self, x):
        route = self.router(x).argmax(-1)
        out = x.new_zeros(x.shape[0], 2)
        for i, expert in enumerate(self.experts):
            mask = route == i
            if mask.any():
                out[mask] = expert(x[mask])
        return out


def make():
    torch.manual_seed(2)
    model = Routed()
    return model, [(torch.randn(4, 3),), (torch.randn(4, 3) * 4,), (torch.ones(4, 3),), (-torch.ones(4, 3),)]
