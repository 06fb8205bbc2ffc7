"""An early-exit classifier: confident inputs leave after the first head, the others use the whole network."""
import torch
from torch import nn

EXPECT = "graph"


class EarlyExit(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 8)
        self.exit = nn.Linear(8, 3)
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        h = torch.relu(self.stem(x))
        early = self.exit(h).softmax(-1)
        if early.max() > 0.6:
            return early
        h = h + self.body(h)
        refinements = 0
        while h.norm() > 0.6 and refinements < 3:
            h = 0.7 * h
            refinements += 1
        return self.head(h).softmax(-1)


def make():
    torch.manual_seed(1)
    model = EarlyExit()
    with torch.no_grad():
        model.exit.weight.mul_(4.0)
    x = torch.tensor([[1.0, -0.5, 0.25, 2.0]])
    return model, [(x * 8.0,), (x * 0.1,), (x * -3.0,), (x * -0.7,)]
