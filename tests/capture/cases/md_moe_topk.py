"""Mixture of experts with top-k routing; only chosen tokens go through an expert."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

class MoE(nn.Module):
    def __init__(self, dim=4, experts=3, k=2):
        super().__init__()
        self.gate = nn.Linear(dim, experts)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(dim, 8), nn.GELU(), nn.Linear(8, dim)) for _ in range(experts))
        self.k = k

    def forward(self, x):
        B, T, D = x.shape
        flat = x.reshape(-1, D)
        weights, chosen = self.gate(flat).softmax(-1).topk(self.k, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        out = torch.zeros_like(flat)
        load = []
        for e, expert in enumerate(self.experts):
            token, slot = torch.where(chosen == e)
            load.append(token.numel())
            if token.numel() == 0:
                continue
            out.index_add_(0, token, weights[token, slot, None] * expert(flat[token]))
        return out.view(B, T, D), load

def make():
    torch.manual_seed(0)
    return MoE(), [(torch.randn(2, 3, 4),), (torch.ones(2, 3, 4),), (torch.randn(2, 3, 4) * 5,), (torch.randn(1, 5, 4),)]
