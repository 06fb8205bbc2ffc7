"""The else part of an inner loop draws a number and breaks the outer loop, or raises."""
import torch

EXPECT = "graph"


def search(x, limit):
    tries = 0
    while tries < 4:
        tries += 1
        inner = 0
        s = x.sum()
        while s < limit and inner < 3:
            inner += 1
            x = x * 0.5
            s = s + x.abs().sum()
            if x.abs().max() < 0.1:
                break
        else:
            if s > 4.0 and torch.rand(()) < 0.6:
                raise ValueError(f"left at {tries}")
            x = x * torch.rand(())
            break
    return x, tries


def make():
    def call(limit, *x):
        return torch.tensor(x, requires_grad=True), torch.tensor(limit)

    return search, [call(0.5, 1.0, 2.0), call(9.0, 0.1, 0.01), call(-1.0, -0.3, 0.2), call(0.5, 4.0, 5.0),
                    call(9.0, 4.0, 2.0), call(0.6, 50.0, 2.0)]
