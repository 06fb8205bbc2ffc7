"""A ModuleList walked in order with a decision per layer, and a ModuleDict whose key is decided."""

import torch
from torch import nn

EXPECT = "graph"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(3))
        self.heads = nn.ModuleDict({"mean": nn.Linear(3, 1), "peak": nn.Linear(3, 1, bias=False)})

    def forward(self, x):
        skipped = []
        for i, layer in enumerate(self.layers):
            y = layer(x)
            if y.norm() > x.norm():
                skipped.append(y.norm())
            else:
                x = x + y.tanh() / (i + 1)
        head = "peak" if x.max() > 1 else "mean"
        return self.heads[head](x), len(skipped)


def make():
    return Net(), [
        (torch.tensor([0.1, 0.2, 0.1], requires_grad=True),),
        (torch.tensor([5.0, 0.2, -3.0], requires_grad=True),),
        (torch.tensor([-0.5, -2.2, 0.4], requires_grad=True),),
    ]
