"""A selection that is filtered again on one side only: where the sides meet, its size is one that the data decide."""
import torch
EXPECT = "graph"

def program(x):
    kept = x[x > 0]
    weights = kept * 2
    if kept.numel() > 2:
        kept = kept[kept < 3]
        weights = kept + 1
        count = kept.numel()
    else:
        count = -1
    return (kept * weights).sum(), kept, count

def make():
    return program, [(torch.tensor(v),) for v in ([1.0, 2.0, 5.0], [1.0, -2.0, 5.0], [-1.0, -1.0, -1.0], [4.0, 4.0, 4.0])]
