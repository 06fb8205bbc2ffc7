"""Masked writes into a clone and into the argument itself."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

def fix_(x, fill):
    bad = ~torch.isfinite(x)
    if bad.any():
        x[bad] = fill
        x[0] += 1
    y = x.clone()
    y[y > 2] = 2.0
    y[..., -1].mul_(0.5)
    return y, bad.sum()

def make():
    inf = float("inf")
    return fix_, [(torch.tensor(v), 0.0) for v in ([1.0, 2.0, 3.0], [inf, 2.0, -inf], [5.0, float("nan"), 1.0])] + [(torch.tensor([1.0, inf, 3.0, 4.0]), 7.0)]
