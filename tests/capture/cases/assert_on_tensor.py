"""Assertions on tensors, one with a message that formats a number taken from a tensor."""

import torch

EXPECT = "graph"


def normalised(weights):
    total = weights.sum()
    assert total > 0, f"weights sum to {total.item():.2f}"
    assert not weights.isinf().any()
    return weights / total


def make():
    return normalised, [
        (torch.tensor([1.0, 3.0], requires_grad=True),),
        (torch.tensor([1.0, -3.0], requires_grad=True),),
        (torch.tensor([1.0, float("inf")], requires_grad=True),),
        (torch.tensor([2.0, 2.0], requires_grad=True),),
        (torch.tensor([-0.25, 0.0], requires_grad=True),),
    ]
