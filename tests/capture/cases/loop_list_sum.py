"""Losses are appended to a list in a loop and summed with Python's `sum`, divided by `len`."""
import torch

EXPECT = "graph"


def mean_loss(x, target):
    losses = []
    while (x - target).abs().sum() > 0.5:
        losses.append(((x - target) ** 2).sum())
        x = x + 0.5 * (target - x)
    if not losses:
        return x.sum()
    return sum(losses) / len(losses)


def make():
    def call(a, b):
        return torch.tensor([a, b], requires_grad=True), torch.tensor([1.0, -1.0])

    return mean_loss, [call(2.0, 1.0), call(1.0, -1.1), call(9.0, 9.0)]
