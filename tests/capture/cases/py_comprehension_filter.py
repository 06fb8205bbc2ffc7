"""Comprehensions with tensor conditions, any/all/sum/min with a key."""
import torch
EXPECT = "graph"

def summarize(tensors, ref):
    big = [t for t in tensors if t.norm() > 1]
    dists = {i: (t - ref).norm() for i, t in enumerate(tensors)}
    nearest = min(dists, key=lambda i: dists[i])
    n_pos = sum(1 for t in tensors if t.sum() > 0)
    return {
        "big": len(big),
        "nearest": nearest,
        "positive": n_pos,
        "all": all(t.max() < 5 for t in tensors),
        "mean": sum(big) / len(big) if big else ref,
    }

def make():
    torch.manual_seed(0)
    return summarize, [([torch.randn(2) * s for _ in range(3)], torch.zeros(2)) for s in (0.01, 1.0, 3.0, 10.0)]
