"""A recursive function whose body holds a tensor-decided while loop."""
import torch

EXPECT = "any"  # not in one graph yet


def refine(x, level):
    while x.abs().max() > 2.0:
        x = x * 0.5
    if level == 0:
        return x
    return x + refine(x * 1.5 + 1.0, level - 1)


def make():
    def call(level, *x):
        return torch.tensor(x, requires_grad=True), torch.tensor(level)

    return refine, [call(0, 1.0, 1.0), call(2, 0.5, -1.0), call(4, 9.0, 3.0)]
