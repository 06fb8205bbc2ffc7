"""CRF: forward algorithm and Viterbi decoding with backpointers."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 3

class CRF(nn.Module):
    def __init__(self, tags=3):
        super().__init__()
        self.trans = nn.Parameter(torch.randn(tags, tags))
        self.start = nn.Parameter(torch.randn(tags))

    def partition(self, em):
        a = self.start + em[0]
        for e in em[1:]:
            a = torch.logsumexp(a[:, None] + self.trans, dim=0) + e
        return a.logsumexp(0)

    def viterbi(self, em):
        score = self.start + em[0]
        back = []
        for t in range(1, em.shape[0]):
            best, idx = (score[:, None] + self.trans).max(0)
            score = best + em[t]
            back.append(idx)
        tag = score.argmax()
        path = [tag.item()]
        for idx in reversed(back):
            tag = idx[tag]
            path.insert(0, tag.item())
        return score.max(), path

    def forward(self, em):
        score, path = self.viterbi(em)
        gap = self.partition(em) - score
        if gap > 1:
            print("uncertain", path)
        return path, gap

def make():
    torch.manual_seed(0)
    return CRF(), [(torch.randn(4, 3) * s,) for s in (0.1, 1.0, 9.0)] + [(torch.randn(5, 3),), (torch.randn(1, 3),)]
