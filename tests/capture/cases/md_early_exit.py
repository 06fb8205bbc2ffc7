"""Early exit classifier with confidence threshold per batch, exit counts in a buffer."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

class EarlyExit(nn.Module):
    def __init__(self, dim=4, classes=3, depth=3, tau=0.6):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(dim, dim), nn.ReLU()) for _ in range(depth))
        self.heads = nn.ModuleList(nn.Linear(dim, classes) for _ in range(depth))
        self.tau = tau
        self.register_buffer("exits", torch.zeros(depth, dtype=torch.long))

    def forward(self, x):
        for i, (block, head) in enumerate(zip(self.blocks, self.heads)):
            x = x + block(x)
            logits = head(x)
            conf = logits.softmax(-1).max(-1).values
            if conf.min() > self.tau:
                self.exits[i] += 1
                return logits, i
        self.exits[-1] += 1
        return logits, len(self.blocks)

def make():
    torch.manual_seed(0)
    return EarlyExit(), [(torch.randn(2, 4) * s,) for s in (0.1, 3.0, 30.0, 10.0)] + [(torch.randn(1, 4) * 8,)]
