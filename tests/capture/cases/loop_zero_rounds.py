"""Loops that may run zero times leave every variable, and every gradient, as it was."""
import torch

EXPECT = "graph"


def relax(x, w):
    y = x
    steps = torch.zeros((), dtype=torch.int64)
    while (y * w).sum() > 1.0:
        y = y - 0.25 * w
        steps += 1
    return y * 3.0, steps


def make():
    def call(*x):
        return torch.tensor(x, requires_grad=True), torch.tensor([1.0, 0.5], requires_grad=True)

    return relax, [call(0.1, 0.1), call(1.5, 0.2), call(3.0, 2.0)]
