"""Two recursive calls in one expression."""
import torch

EXPECT = "graph"


def fibonacci(n, one):
    if n < 2:
        return n * one
    return fibonacci(n - 1, one) + fibonacci(n - 2, one)


def make():
    def call(n):
        return torch.tensor(n), torch.tensor(1.0, requires_grad=True)

    return fibonacci, [call(0), call(1), call(2), call(7)]
