"""Beam search with tensors: topk over beam x vocab, finished mask, while not all finished."""
import torch
from torch import nn
EXPECT = "graph"

class Seq(nn.Module):
    def __init__(self, vocab=5, dim=6, beam=2, eos=0):
        super().__init__()
        self.emb, self.cell, self.out = nn.Embedding(vocab, dim), nn.GRUCell(dim, dim), nn.Linear(dim, vocab)
        self.beam, self.eos = beam, eos

    def forward(self, h, max_len=5):
        k = self.beam
        h = h.expand(k, -1)
        scores = torch.full((k,), float("-inf"))
        scores[0] = 0.0
        tokens = torch.ones(k, 1, dtype=torch.long)
        finished = torch.zeros(k, dtype=torch.bool)
        while not finished.all() and tokens.shape[1] < max_len:
            h = self.cell(self.emb(tokens[:, -1]), h)
            logp = (self.out(h) * 3).log_softmax(-1)
            logp[finished] = float("-inf")
            logp[finished, self.eos] = 0.0
            total = (scores[:, None] + logp).view(-1)
            scores, idx = total.topk(k)
            src, nxt = idx // logp.shape[1], idx % logp.shape[1]
            tokens = torch.cat([tokens[src], nxt[:, None]], dim=1)
            finished = finished[src] | (nxt == self.eos)
            h = h[src]
        return tokens[0], scores[0]

def make():
    torch.manual_seed(4)
    return Seq(), [(torch.randn(1, 6) * s,) for s in (0.5, 2.0, 4.0, 8.0)]
