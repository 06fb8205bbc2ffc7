"""Prediction with a decision tree of objects; a leaf returns a module's output."""
import torch
from torch import nn
EXPECT = "graph"

class Leaf(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.value = nn.Linear(dim, 1)

    def forward(self, x):
        return self.value(x)

class Split(nn.Module):
    def __init__(self, feature, dim, depth):
        super().__init__()
        self.feature = feature
        self.threshold = nn.Parameter(torch.zeros(()))
        make = (lambda: Leaf(dim)) if depth == 1 else (lambda: Split((feature + 1) % dim, dim, depth - 1))
        self.left, self.right = make(), make()

    def forward(self, x):
        if x[self.feature] < self.threshold:
            return self.left(x)
        else:
            return self.right(x)

class Forest(nn.Module):
    def __init__(self):
        super().__init__()
        self.trees = nn.ModuleList(Split(i, 3, 2) for i in range(2))

    def forward(self, x):
        return torch.stack([t(x) for t in self.trees]).mean(0)

def make():
    torch.manual_seed(0)
    return Forest(), [(torch.tensor(v),) for v in ([1.0, 1.0, 1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 2.0], [0.5, -0.5, 0.1])]
