"""A GRU cell reads a padded sequence up to its length, which is a tensor."""
import torch
from torch import nn

EXPECT = "any"  # not in one graph yet


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x, length):
        h = x.new_zeros(1, 4)
        for t in range(length):
            h = self.cell(x[t:t + 1], h)
        return self.out(h)


def make():
    torch.manual_seed(0)
    model = Reader()
    x = torch.randn(5, 3)
    return model, [(x, torch.tensor(n)) for n in (3, 0, 5, 1)]
