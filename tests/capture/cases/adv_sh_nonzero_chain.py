"""Results of unknown size from nonzero and masks are used in further branches and loops."""

import torch

EXPECT = "any"  # not in one graph yet


def f(x):
    idx = (x > 0).nonzero().squeeze(-1)
    if idx.numel() == 0:
        return x.sum(), 0
    picked = x[idx]
    if picked.mean() > 2:
        picked = picked[picked < picked.max()]
    n = picked.shape[0]
    total = x.new_zeros(())
    for i in range(n):
        total = total + picked[i] * (i + 1)
    return total, n


def make():
    g = lambda *v: torch.tensor(v)
    return f, [(g(1.0, 2.0, -1.0),), (g(-1.0, -2.0, -3.0),), (g(5.0, 3.0, 2.5),), (g(-5.0, 3.0, 2.5),)]
