"""A parameter's data is clipped in a branch."""

import torch
from torch import nn

EXPECT = "graph"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, x):
        y = (x * self.w).sum()
        if y > 4:
            self.w.data.mul_(0.5)
        elif y < 0:
            with torch.no_grad():
                self.w.add_(x)
        else:
            self.w.data = self.w.data + 1
        return y.detach() + (x * self.w).sum()


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return M(), [(g(-1.0, 0.5),), (g(1.0, 2.0),), (g(-9.0, -4.0),), (g(2.0, -1.0),), (g(2.0, 3.0),)]
