"""The same submodule and the same parameter are used on both sides and after the branch."""

import torch
from torch import nn

EXPECT = "graph"


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(3, 2, bias=False)
        self.again = self.encode
        self.decode = nn.Linear(2, 3, bias=False)
        self.decode.weight = nn.Parameter(torch.full((3, 2), 0.5))
        self.twin = self.decode.weight

    def forward(self, x):
        h = self.encode(x)
        if h.sum() > 0:
            h = h + self.again(x.flip(0))
        else:
            h = self.again(x * 2) @ self.twin[:2]
        return self.decode(h) @ self.twin


def make():
    return Tied(), [
        (torch.tensor([1.0, 0.5, 0.0], requires_grad=True),),
        (torch.tensor([-4.0, 1.0, 2.0], requires_grad=True),),
        (torch.tensor([4.0, -1.0, -2.0], requires_grad=True),),
    ]
