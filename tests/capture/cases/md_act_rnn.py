"""Adaptive computation time, ponder per token in a loop over time."""
import torch
from torch import nn
EXPECT = "graph"

class ACTRNN(nn.Module):
    def __init__(self, dim=3, eps=0.01, max_ponder=4):
        super().__init__()
        self.cell, self.halt = nn.RNNCell(dim + 1, dim), nn.Linear(dim, 1)
        self.eps, self.max_ponder = eps, max_ponder

    def forward(self, xs):
        h = torch.zeros(xs.shape[-1])
        outs, ponders = [], []
        for x in xs:
            flag = torch.ones(1)
            acc = torch.zeros(())
            h_acc = torch.zeros_like(h)
            for n in range(self.max_ponder):
                h = self.cell(torch.cat([x, flag]), h)
                flag = torch.zeros(1)
                p = torch.sigmoid(self.halt(h)).squeeze()
                if acc + p > 1 - self.eps or n == self.max_ponder - 1:
                    h_acc = h_acc + (1 - acc) * h
                    break
                acc = acc + p
                h_acc = h_acc + p * h
            h = h_acc
            outs.append(h)
            ponders.append(n + 1)
        return torch.stack(outs), ponders

def make():
    torch.manual_seed(0)
    return ACTRNN(), [(torch.randn(3, 3) * s,) for s in (0.1, 3.0, 20.0)]
