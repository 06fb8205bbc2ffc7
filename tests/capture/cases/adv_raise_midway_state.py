"""State is written, then an exception leaves the function; the state written before must stay."""

import torch
from torch import nn

EXPECT = "graph"


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(2))
        self.lin = nn.Linear(2, 2)

    def forward(self, x):
        self.seen += x.detach()
        y = self.lin(x)
        if x.sum() > 5:
            self.seen.zero_()
            raise ValueError("too large")
        self.seen.mul_(2)
        return y


def make():
    return M(), [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([4.0, 2.0], requires_grad=True),),
        (torch.tensor([0.5, 4.0], requires_grad=True),),
        (torch.tensor([7.5, 4.0], requires_grad=True),),
    ]
