"""Greedy decoding: stop at EOS, tokens collected as Python ints."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

class Decoder(nn.Module):
    def __init__(self, vocab=6, dim=8):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.cell = nn.GRUCell(dim, dim)
        self.out = nn.Linear(dim, vocab)
        self.eos = 3

    @torch.no_grad()
    def forward(self, h, start=1, max_len=8):
        token = torch.tensor([start])
        tokens = []
        for _ in range(max_len):
            h = self.cell(self.emb(token), h)
            logits = self.out(h) * 4
            token = logits.argmax(dim=-1)
            if token.item() == self.eos:
                break
            tokens.append(token.item())
        return tokens

def make():
    torch.manual_seed(5)
    return Decoder(), [(torch.randn(1, 8) * s,) for s in (1.0, 2.0, 0.1, 5.0, 3.0, 9.0, 4.0, 0.5)] + [(torch.randn(1, 8), 3, 4)]
