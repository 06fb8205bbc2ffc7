"""The loop variable is used after the loop, and the loop may not have run (an UnboundLocalError)."""

import torch

EXPECT = "graph"


def f(x, n):
    for i in range(int(n)):
        x = x + i
    return x * i, i


def make():
    return f, [(torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(n)) for n in (3, 1, 0, 5)]
