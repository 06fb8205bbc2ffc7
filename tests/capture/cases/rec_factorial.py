"""Direct recursion that returns a tensor: the factorial."""
import torch

EXPECT = "graph"


def factorial(n):
    if n <= 1:
        return torch.ones((), dtype=torch.int64)
    return n * factorial(n - 1)


def make():
    return factorial, [(torch.tensor(0),), (torch.tensor(3),), (torch.tensor(10),)]
