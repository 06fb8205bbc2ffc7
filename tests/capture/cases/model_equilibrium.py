"""A deep equilibrium layer: the forward iteration stops at its fixed point, the last step is differentiated."""
import torch
from torch import nn

EXPECT = "graph"


class Equilibrium(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([[0.9, -0.6], [0.75, 0.3]]))
        self.u = nn.Linear(2, 2)

    def step(self, z, x):
        return torch.tanh(z @ self.w + self.u(x))

    def forward(self, x):
        with torch.no_grad():
            z = torch.zeros_like(x)
            for k in range(7):
                new = self.step(z, x)
                if (new - z).norm() < 0.05:
                    break
                z = new
        return self.step(z, x), k


def make():
    torch.manual_seed(0)
    model = Equilibrium()
    x = torch.tensor([[1.0, -1.0]])
    return model, [(x,), (x * 0.0 - 0.4,), (x * 30.0,), (x * -0.4,)]
