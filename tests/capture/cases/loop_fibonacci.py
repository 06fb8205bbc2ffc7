"""Tuple assignment swaps carried values: `a, b = b, a + b`."""
import torch

EXPECT = "graph"


def fibonacci_above(limit):
    a, b = torch.tensor(0), torch.tensor(1)
    n = 0
    while a < limit:
        a, b = b, a + b
        n += 1
    return a, n


def make():
    return fibonacci_above, [(torch.tensor(0),), (torch.tensor(1),), (torch.tensor(100),), (torch.tensor(12345),)]
