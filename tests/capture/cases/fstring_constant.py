"""f-strings over Python numbers and shapes only: names of dict entries and of submodules."""

import torch
from torch import nn

EXPECT = "graph"


class Ensemble(nn.Module):
    def __init__(self, members=2):
        super().__init__()
        self.members = members
        for i in range(members):
            self.add_module(f"member_{i}", nn.Linear(2, 2))

    def forward(self, x):
        out = {}
        for i in range(self.members):
            y = getattr(self, f"member_{i}")(x)
            out[f"y{i}:{'x'.join(str(n) for n in x.shape)}"] = y.relu() if y.sum() > 0 else y * 0.1
        return out


def make():
    return Ensemble(), [
        (torch.tensor([[0.1, 0.2]], requires_grad=True),),
        (torch.tensor([[-5.0, 0.2]], requires_grad=True),),
        (torch.tensor([[4.0, -3.2]], requires_grad=True),),
    ]
