"""Adaptive Heun-Euler solver with accept/reject and step growth."""
import torch
from torch import nn
EXPECT = "graph"

class ODE(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
        self.nfe = 0

    def dynamics(self, t, y):
        self.nfe += 1
        return self.net(y) - 0.1 * t * y

    def forward(self, y, t1=1.0, rtol=1e-3):
        t, dt = 0.0, 0.25
        rejected = 0
        while t < t1:
            dt = min(dt, t1 - t)
            k1 = self.dynamics(t, y)
            k2 = self.dynamics(t + dt, y + dt * k1)
            err = (dt * (k2 - k1) / 2).norm() / (rtol * (1 + y.norm()))
            if err <= 1.0 or dt < 1e-3:
                t = t + dt
                y = y + dt * (k1 + k2) / 2
                dt = dt * 1.5
            else:
                rejected += 1
                dt = dt * 0.5
        return y, rejected

def make():
    torch.manual_seed(0)
    return ODE(), [(torch.randn(3, 2) * s,) for s in (0.1, 1.0, 5.0, 50.0)]
