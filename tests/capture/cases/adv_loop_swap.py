"""Two carried values change places every round."""

import torch

EXPECT = "graph"


def f(n, x):
    a, b = x, x * 0 + 1
    i = 0
    while i < n:
        a, b = b, a + b
        i += 1
    return a, b, i


def make():
    return f, [(torch.tensor(n), torch.tensor([1.0, 2.0], requires_grad=True)) for n in (0, 1, 5, 2)]
