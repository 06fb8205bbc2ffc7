"""A loop over an nn.ModuleList that stops as soon as the features are small enough."""
import torch
from torch import nn

EXPECT = "graph"


class Cascade(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])
        for layer in self.layers:
            nn.init.eye_(layer.weight)
            nn.init.constant_(layer.bias, -0.2)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        used = 0
        for layer in self.layers:
            x = torch.relu(layer(x))
            used += 1
            if x.sum() < 1.0:
                break
        return self.head(x), used


def make():
    torch.manual_seed(0)
    model = Cascade()
    x = torch.tensor([[0.5, -1.0, 2.0, 0.3]])
    return model, [(x,), (x * 8,), (x * -1.0,), (x * 0.8,)]
