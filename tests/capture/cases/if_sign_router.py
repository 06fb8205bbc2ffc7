"""Three experts chosen by the sign of the batch mean, and a tag to say which."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

class Router(nn.Module):
    def __init__(self):
        super().__init__()
        self.pos = nn.Linear(4, 2)
        self.neg = nn.Linear(4, 2)
        self.zero = nn.Identity()
        self.counts = {"pos": 0, "neg": 0, "zero": 0}

    def forward(self, x):
        m = x.mean()
        if m > 0.1:
            out, tag = self.pos(x), "pos"
        elif m < -0.1:
            out, tag = self.neg(x), "neg"
        else:
            out, tag = self.zero(x)[:, :2], "zero"
        self.counts[tag] += 1
        return {"out": out, "tag": tag}

def make():
    return Router(), [(torch.ones(3, 4),), (-torch.ones(3, 4),), (torch.zeros(3, 4),), (torch.ones(5, 4),), (-torch.ones(6, 4),)]
