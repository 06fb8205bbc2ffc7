"""A transformer encoder block that is skipped when a learned gate says so."""
import torch
from torch import nn

EXPECT = "graph"


class SkippingEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(
            [nn.TransformerEncoderLayer(4, 2, dim_feedforward=8, dropout=0.0, batch_first=True) for _ in range(2)]
        )
        self.gates = nn.ModuleList([nn.Linear(4, 1) for _ in range(2)])

    def forward(self, x):
        used = 0
        for block, gate in zip(self.blocks, self.gates):
            if gate(x).mean() > 0:
                x = block(x)
                used += 1
        return x.mean(1), used


def make():
    torch.manual_seed(0)
    model = SkippingEncoder()
    x = torch.linspace(-1.0, 1.0, 12).reshape(1, 3, 4)
    return model, [(x + s,) for s in (0.0, 3.0, -3.0)]
