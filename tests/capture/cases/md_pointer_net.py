"""Pointer network decoding without repeats; teacher forcing decided by a random draw."""
import random
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 3

class PointerNet(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.enc = nn.GRU(2, dim, batch_first=True)
        self.cell = nn.GRUCell(2, dim)
        self.wq, self.wk, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, 1)

    def forward(self, x, target=None, tf_ratio=0.5):
        B, N, _ = x.shape
        keys, h = self.enc(x)
        h = h[0]
        inp = x.mean(1)
        mask = torch.zeros(B, N, dtype=torch.bool)
        loss, picks = 0.0, []
        for t in range(N):
            h = self.cell(inp, h)
            logits = self.v(torch.tanh(self.wq(h)[:, None] + self.wk(keys))).squeeze(-1)
            logits = logits.masked_fill(mask, -1e9)
            choice = logits.argmax(-1)
            if target is not None:
                loss = loss + nn.functional.cross_entropy(logits, target[:, t])
                if torch.rand(()) < tf_ratio:
                    choice = target[:, t]
            mask = mask.scatter(1, choice[:, None], True)
            inp = x[torch.arange(B), choice]
            picks.append(choice)
        return torch.stack(picks, 1), loss

def make():
    torch.manual_seed(0)
    tgt = torch.tensor([[0, 1, 2], [2, 1, 0]])
    return PointerNet(), [(torch.randn(2, 3, 2), tgt) for _ in range(3)] + [(torch.randn(2, 3, 2),), (torch.randn(2, 4, 2),)]
