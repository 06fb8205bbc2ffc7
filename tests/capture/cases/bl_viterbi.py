"""CRF: forward algorithm, Viterbi with back pointers, mask by lengths."""
import torch
from torch import nn
EXPECT = "graph"

class CRF(nn.Module):
    def __init__(self, tags=3):
        super().__init__()
        self.trans = nn.Parameter(torch.randn(tags, tags))
        self.start = nn.Parameter(torch.randn(tags))

    def log_z(self, em):
        a = self.start + em[0]
        for e in em[1:]:
            a = torch.logsumexp(a[:, None] + self.trans, 0) + e
        return torch.logsumexp(a, 0)

    def viterbi(self, em):
        score = self.start + em[0]
        back = []
        for e in em[1:]:
            best, arg = (score[:, None] + self.trans).max(0)
            back.append(arg)
            score = best + e
        tag = score.argmax()
        path = [tag.item()]
        for arg in reversed(back):
            tag = arg[tag]
            path.insert(0, tag.item())
        return path

    def forward(self, em, lengths):
        paths, zs = [], []
        for e, n in zip(em, lengths):
            e = e[:n]
            zs.append(self.log_z(e))
            paths.append(self.viterbi(e))
        return torch.stack(zs), paths

def make():
    torch.manual_seed(4)
    return CRF(), [(torch.randn(2, 4, 3), torch.tensor(l)) for l in ([4, 3], [2, 4], [1, 4], [3, 3])]
