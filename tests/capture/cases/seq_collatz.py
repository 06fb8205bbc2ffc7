"""The Collatz sequence: an integer tensor, a parity branch, and a list of visited values that is stacked."""
import torch

EXPECT = "graph"


def collatz(n):
    visited = [n]
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        visited.append(n)
    return torch.stack(visited)


def make():
    return collatz, [(torch.tensor(1),), (torch.tensor(8),), (torch.tensor(7),), (torch.tensor(3),)]
