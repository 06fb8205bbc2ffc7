"""Long loops that are unrolled: the counter is a size, an index into modules, a text, or the types change."""

import torch
from torch import nn

EXPECT = "graph"


class Layered(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])

    def forward(self, x):
        sizes = torch.zeros(())
        names = {}
        last = None
        for t in range(66):
            sizes = sizes + torch.ones(t % 5).sum()
            x = torch.tanh(self.layers[t % 3](x))
            names[f"step{t % 4}"] = t
            if t > 60:
                last = x if last is None else last + x
        return sizes, x, names, last


def make():
    torch.manual_seed(3)
    model = Layered()
    return model, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [0.5, -1.0])]
