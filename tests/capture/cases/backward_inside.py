"""`loss.backward()` inside the program; a parameter is moved by hand if its gradient is large."""

import torch
from torch import nn

EXPECT = "any"


class Step(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -1.0]))

    def forward(self, x, target):
        self.weight.grad = None
        loss = ((self.weight * x).sum() - target) ** 2
        loss.backward()
        if self.weight.grad.norm() > 1:
            with torch.no_grad():
                self.weight -= 0.1 * self.weight.grad / self.weight.grad.norm()
        return loss.detach()


def make():
    return Step(), [
        (torch.tensor([1.0, 0.5]), torch.tensor(3.0)),
        (torch.tensor([0.1, 0.2]), torch.tensor(0.0)),
        (torch.tensor([-1.0, 2.5]), torch.tensor(1.0)),
    ]
