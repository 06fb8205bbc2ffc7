"""Neural cellular automaton: stochastic update, alive mask, stop when it is dead or stable."""
import torch
from torch import nn
import torch.nn.functional as F
EXPECT = "graph"
MAX_GRAPHS = 3

class NCA(nn.Module):
    def __init__(self, ch=3):
        super().__init__()
        self.perceive = nn.Conv2d(ch, 6, 3, padding=1, bias=False)
        self.update = nn.Conv2d(6, ch, 1)

    def alive(self, x):
        return F.max_pool2d(x[:, :1], 3, stride=1, padding=1) > 0.1

    def forward(self, x, steps=5):
        for i in range(steps):
            before = self.alive(x)
            dx = self.update(F.relu(self.perceive(x)))
            fire = torch.rand(x.shape[0], 1, *x.shape[2:]) < 0.5
            new = x + dx * fire
            new = new * (before & self.alive(new))
            if not (new != 0).any():
                print("died at", i)
                return new, i
            if (new - x).abs().max() < 1e-3:
                break
            x = new
        return x, steps

def make():
    torch.manual_seed(0)
    return NCA(), [(torch.rand(1, 3, 4, 4) * s,) for s in (1.0, 0.01, 5.0)] + [(torch.rand(1, 3, 5, 5),)] + [(torch.rand(1, 3, 1, 1) + 0.5,) for _ in range(4)]
