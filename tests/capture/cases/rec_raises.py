"""A recursion that gives up with an exception at a depth that the data decides."""
import torch

EXPECT = "graph"


def descend(x, depth):
    if depth > 4:
        raise ValueError("no fixed point within 4 steps")
    new = torch.cos(x)
    if (new - x).abs() < 0.05:
        return new
    return descend(new, depth + 1)


def make():
    def call(x):
        return torch.tensor(x, requires_grad=True), torch.tensor(0)

    return descend, [call(0.74), call(0.0), call(0.68), call(0.65)]
