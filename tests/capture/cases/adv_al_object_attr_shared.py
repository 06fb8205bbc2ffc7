"""Two attributes hold one tensor after one side only, and the tensor is written through one of them."""

import torch
from torch import nn

EXPECT = "any"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("a", torch.zeros(2))
        self.register_buffer("b", torch.ones(2))

    def forward(self, x):
        if x.sum() > 0:
            self.a = self.b
        self.a += x.detach()
        return x * self.a + self.b


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return M(), [(g(-1.0, 0.5),), (g(1.0, 2.0),), (g(-9.0, -4.0),), (g(2.0, -1.0),), (g(2.0, 3.0),)]
