"""A truth that the graph computes is given to a layer of torch, whose Python code decides by it."""

import torch
from torch import nn

EXPECT = "graph"


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1), 2)

    def forward(self, x, mask):
        return self.inner(x, mask=mask)


def make():
    torch.manual_seed(0)
    causal = nn.Transformer.generate_square_subsequent_mask(4)
    return Encoder().train(), [(torch.randn(4, 2, 8), causal), (torch.randn(4, 2, 8), torch.randn(4, 4))]
