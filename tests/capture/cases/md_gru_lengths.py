"""GRU over variable lengths with pack_padded_sequence, then last states."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
EXPECT = "any"  # not in one graph yet

class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 3, batch_first=True)
        self.head = nn.Linear(3, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, h = self.gru(packed)
        out, n = pad_packed_sequence(out, batch_first=True)
        pooled = out.sum(1) / n[:, None]
        score = self.head(pooled)
        if score.mean() > 0:
            score = score + self.head(h[-1])
        return score, out.shape[1]

def make():
    torch.manual_seed(0)
    return Reader(), [(torch.randn(3, 4, 2) * s, torch.tensor(l)) for s in (1.0, 4.0) for l in ([4, 2, 1], [3, 3, 1], [1, 1, 1], [2, 4, 4])]
