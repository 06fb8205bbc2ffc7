"""Speculative decoding: draft tokens, accept while the target agrees, else resample."""
import torch
from torch import nn
EXPECT = "any"  # not in one graph yet

class Bigram(nn.Module):
    def __init__(self, vocab=5):
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocab, vocab) * 2)

    def forward(self, tok):
        return self.table[tok].softmax(-1)

class Speculative(nn.Module):
    def __init__(self):
        super().__init__()
        self.draft, self.target = Bigram(), Bigram()
        with torch.no_grad():
            self.draft.table.copy_(self.target.table + 0.8 * torch.randn(5, 5))

    @torch.no_grad()
    def forward(self, start, gamma=3, length=6):
        tokens = [start]
        accepted = 0
        while len(tokens) < length:
            proposal, qs = [], []
            cur = tokens[-1]
            for _ in range(gamma):
                q = self.draft(cur)
                cur = torch.multinomial(q, 1)[0]
                proposal.append(cur)
                qs.append(q)
            prev = tokens[-1]
            for tok, q in zip(proposal, qs):
                p = self.target(prev)
                if torch.rand(()) < p[tok] / q[tok]:
                    tokens.append(tok)
                    accepted += 1
                    prev = tok
                else:
                    residual = (p - q).clamp(min=0)
                    tokens.append(torch.multinomial(residual / residual.sum(), 1)[0])
                    break
        return torch.stack(tokens[:length]), accepted

def make():
    torch.manual_seed(0)
    return Speculative(), [(torch.tensor(v),) for v in (0, 1, 2, 4, 3, 1, 0, 2)]
