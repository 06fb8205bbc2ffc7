"""What is added in place through a slice of everything gets its gradient, unless autograd must not see the write."""

import torch
from torch import nn

EXPECT = "graph"


class Ghost(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.shortcut = nn.Linear(3, 4), nn.Linear(3, 4)

    def forward(self, x):
        short = self.shortcut(x)
        whole = torch.cat([self.first(x), short * 2], dim=1)[:, :8][:, :8]
        whole += torch.cat([short, short], 1)
        rows = (self.first(x) * 2)[:]
        rows[...] *= short
        part = self.first(x).clone()[:, :4]
        part.view(-1)[:].add_(short.reshape(-1))
        hidden = self.first(x) * 3
        hidden[:, :4].detach().add_(short)
        with torch.no_grad():
            hidden[:].mul_(short)
        return whole, rows, part, hidden


def make():
    torch.manual_seed(0)
    return Ghost(), [(torch.randn(2, 3),), (torch.ones(2, 3),)]
