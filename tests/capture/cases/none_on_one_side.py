"""An optional intermediate: None unless a tensor decided otherwise, tested with `is None` later."""

import torch

EXPECT = "graph"


def attend(query, keys):
    scores = keys @ query
    mask = None
    if scores.min() < 0:
        mask = scores < 0
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    weights = scores.softmax(0)
    return weights @ keys


def make():
    keys = torch.tensor([[1.0, 0.0], [0.5, 1.0], [0.2, -0.3]], requires_grad=True)
    return attend, [
        (torch.tensor([1.0, 1.0], requires_grad=True), keys),
        (torch.tensor([1.0, 0.2], requires_grad=True), keys),
        (torch.tensor([0.3, 0.1], requires_grad=True), keys),
        (torch.tensor([-0.1, 1.0], requires_grad=True), keys),
    ]
