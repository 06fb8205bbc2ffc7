"""Attention with a mask that requires a gradient lays out its result as the imperative program does."""

import torch
import torch.nn.functional as F
from torch import nn

EXPECT = "graph"


class Biased(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.bias = nn.Parameter(torch.randn(2, 5, 5))

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(2, 5, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        learnt = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias[None])
        fixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias[None].detach())
        return learnt.transpose(1, 2).reshape(2, 5, 8), fixed.transpose(1, 2).reshape(2, 5, 8)


def make():
    torch.manual_seed(0)
    return Biased(), [(torch.randn(2, 5, 8),), (torch.randn(2, 5, 8),)]
