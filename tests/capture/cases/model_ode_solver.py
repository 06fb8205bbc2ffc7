"""An adaptive Runge-Kutta solver (Bogacki-Shampine 3(2)): steps are accepted or rejected by their error."""
import torch
from torch import nn

EXPECT = "graph"


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([[-0.5, 2.0], [-2.0, -0.5]]))

    def forward(self, y):
        return y @ self.a.T - 0.1 * y ** 3


class Solver(nn.Module):
    def __init__(self, tolerance):
        super().__init__()
        self.field = Field()
        self.tolerance = tolerance

    def forward(self, y, end):
        t, h = torch.zeros(()), torch.tensor(0.5)
        accepted = rejected = 0
        while t < end - 1e-4:
            if t + h > end:
                h = end - t
            k1 = self.field(y)
            k2 = self.field(y + 0.5 * h * k1)
            k3 = self.field(y + 0.75 * h * k2)
            new = y + h * (2.0 * k1 + 3.0 * k2 + 4.0 * k3) / 9.0
            k4 = self.field(new)
            error = (h * (-5.0 * k1 + 6.0 * k2 + 8.0 * k3 - 9.0 * k4) / 72.0).abs().max()
            if error <= self.tolerance:
                t, y = t + h, new
                accepted += 1
            else:
                rejected += 1
            h = h * (0.9 * (self.tolerance / (error + 1e-9)) ** (1 / 3)).clamp(0.2, 3.0).detach()
        return y, accepted, rejected


def make():
    y = torch.tensor([1.0, 0.5])
    return Solver(0.02), [
        (y.clone().requires_grad_(), torch.tensor(0.4)),
        ((y * 4.0).requires_grad_(), torch.tensor(1.0)),
        (y.clone().requires_grad_(), torch.tensor(0.0)),
        ((y * 0.1).requires_grad_(), torch.tensor(2.0)),
    ]
