"""Comprehensions over tensors whose elements are chosen by tensors; every kind of comprehension."""

import torch

EXPECT = "graph"


def features(rows):
    kept = [row if row.sum() > 0 else row.neg() for row in rows]
    named = {f"row{i}": row.max() if i % 2 else row.min() for i, row in enumerate(kept)}
    best = max(v for v in named.values())
    spread = sum((row - best).abs().sum() for row in kept)
    return torch.stack(kept), named, spread, {len(row) for row in rows}


def make():
    return features, [
        (torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True),),
        (torch.tensor([[-1.0, -2.0], [3.0, 4.0]], requires_grad=True),),
        (torch.tensor([[-1.0, -2.0], [3.0, -4.0]], requires_grad=True),),
    ]
