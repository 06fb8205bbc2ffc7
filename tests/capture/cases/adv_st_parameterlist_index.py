"""A ParameterList and a ModuleDict are indexed by numbers and names decided by tensors."""

import torch
from torch import nn

EXPECT = "graph"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.ws = nn.ParameterList([torch.ones(2) * (i + 1) for i in range(3)])
        self.acts = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})

    def forward(self, x):
        k = int(x.argmax())
        name = "relu" if x.sum() > 0 else "tanh"
        y = self.acts[name](x[:2] * self.ws[k])
        return y + self.ws[k - 1].sum()


def make():
    return M(), [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0, 0.0], [-8.0, -2.0, -3.0], [20.0, 4.0, 1.0], [0.2, 0.5, 3.0])
    ]
