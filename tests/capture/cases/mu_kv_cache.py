"""Attention with a KV cache in a Python list attribute; reset when a flag says so."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 4

class CachedAttention(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.cache = None

    def forward(self, x, reset=False):
        if reset:
            self.cache = None
        q, k, v = self.q(x), self.k(x), self.v(x)
        if self.cache is not None:
            pk, pv = self.cache
            k, v = torch.cat([pk, k], dim=1), torch.cat([pv, v], dim=1)
        self.cache = (k.detach(), v.detach())
        att = (q @ k.mT / 2).softmax(-1)
        return att @ v

def make():
    torch.manual_seed(0)
    return CachedAttention(), [(torch.randn(1, 3, 4),), (torch.randn(1, 1, 4),), (torch.randn(1, 1, 4),), (torch.randn(1, 1, 4),), (torch.randn(1, 2, 4), True), (torch.randn(1, 1, 4),)]
