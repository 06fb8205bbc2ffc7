"""Number of kept elements computed from the data (top-p pruning)."""
import torch
EXPECT = "graph"

def prune(scores, values, keep=0.8):
    p = scores.softmax(-1)
    sorted_p, idx = p.sort(descending=True)
    k = int((sorted_p.cumsum(0) < keep).sum()) + 1
    chosen = idx[:k]
    out = values[chosen] * p[chosen, None]
    return out.sum(0), k

def make():
    torch.manual_seed(0)
    v = torch.randn(5, 3, requires_grad=True)
    return prune, [(torch.tensor(s), v) for s in ([0.0, 0.0, 0.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0, 0.0], [3.0, 3.0, 0.0, -5.0, -5.0], [1.0, 2.0, 3.0, 4.0, 5.0])]
