"""split with sizes taken from a tensor, ragged mean."""
import torch
EXPECT = "graph"

def ragged_mean(flat, lengths):
    parts = torch.split(flat, lengths.tolist())
    means = [p.mean(0) if p.shape[0] > 0 else torch.zeros(flat.shape[1]) for p in parts]
    out = torch.stack(means)
    if lengths.min() == 0:
        out = out * 2
    return out

def make():
    torch.manual_seed(0)
    x = torch.randn(6, 2, requires_grad=True)
    return ragged_mean, [(x, torch.tensor(l)) for l in ([2, 2, 2], [1, 2, 3], [0, 6, 0], [4, 1, 1])]
