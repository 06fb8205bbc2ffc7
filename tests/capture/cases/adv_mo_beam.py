"""A beam search whose beams are tuples in a Python list, sorted by score with topk."""

import torch
from torch import nn

EXPECT = "graph"


class Decoder(nn.Module):
    def __init__(self, vocab=5, width=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, 4)
        self.rnn = nn.GRUCell(4, 4)
        self.out = nn.Linear(4, vocab)
        self.width = width

    def forward(self, h):
        tokens = torch.zeros(self.width, 1, dtype=torch.long)
        scores = torch.tensor([0.0] + [-1e9] * (self.width - 1))
        h = h.expand(self.width, -1)
        for _ in range(4):
            h = self.rnn(self.emb(tokens[:, -1]), h)
            logp = self.out(h).log_softmax(-1)
            total = scores[:, None] + logp
            scores, flat = total.flatten().topk(self.width)
            rows, words = flat // logp.shape[1], flat % logp.shape[1]
            tokens = torch.cat([tokens[rows], words[:, None]], 1)
            h = h[rows]
            if (words == 0).all():
                break
        best = scores.argmax()
        return tokens[best], scores[best]


def make():
    torch.manual_seed(0)
    m = Decoder()
    with torch.no_grad():
        m.out.weight.mul_(4)
        m.out.bias[0] = 6.0
    return m, [(torch.randn(1, 4) * s,) for s in (1.0, 4.0, 0.1)]
