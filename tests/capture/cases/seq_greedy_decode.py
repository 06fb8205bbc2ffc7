"""Greedy decoding: feed the best token back until the end-of-sequence token or the length limit."""
import torch
from torch import nn

EXPECT = "graph"
EOS = 0


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 8)
        self.cell = nn.GRUCell(8, 8)
        self.project = nn.Linear(8, 6)

    def forward(self, h):
        token = torch.tensor([1])
        tokens, score = [], torch.zeros(())
        while len(tokens) < 7:
            h = self.cell(self.embed(token), h)
            log_probs = self.project(h).log_softmax(-1)
            token = log_probs.argmax(-1)
            score = score + log_probs[0, token[0]]
            tokens.append(token)
            if token.item() == EOS:
                break
        return torch.cat(tokens), score


def make():
    torch.manual_seed(3)
    model = Decoder()
    return model, [(torch.randn(1, 8) * s,) for s in (1.0, 2.0, 3.0, 0.1, 4.0)]
