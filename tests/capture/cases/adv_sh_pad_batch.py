"""A list of sequences of different lengths is padded; those with negative sums are dropped."""

import torch

EXPECT = "any"


def f(seqs):
    kept = [s for s in seqs if s.sum() > 0]
    if not kept:
        return torch.zeros(0, 0)
    longest = max(s.shape[0] for s in kept)
    out = torch.zeros(len(kept), longest)
    for i, s in enumerate(kept):
        out[i, : s.shape[0]] = s
    return out


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        ([g(1.0, 2.0), g(1.0, 1.0, 1.0)],),
        ([g(-1.0, -2.0), g(1.0, 1.0, 1.0)],),
        ([g(-1.0, -2.0), g(-1.0, 1.0, -1.0)],),
    ]
