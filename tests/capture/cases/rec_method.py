"""A recursive method of a module: the same layer is applied until the activations are small."""
import torch
from torch import nn

EXPECT = "graph"


class Contract(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        with torch.no_grad():
            self.layer.weight.mul_(0.5)

    def descend(self, x):
        if x.abs().max() < 0.5:
            return x
        return self.descend(torch.tanh(self.layer(x)) * 0.9)

    def forward(self, x):
        return self.descend(x).sum(-1)


def make():
    torch.manual_seed(0)
    model = Contract()
    x = torch.tensor([[1.0, -1.0, 0.5]])
    return model, [(x * 0.1,), (x,), (x * 50.0,)]
