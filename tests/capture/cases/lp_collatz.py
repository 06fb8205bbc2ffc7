"""Collatz steps with integer tensors, nested in a Python loop over a batch."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps

def batch_collatz(ns):
    return torch.tensor([collatz(n) for n in ns])

def make():
    return batch_collatz, [(torch.tensor(v),) for v in ([1, 2, 3], [7, 9, 1], [27, 1, 1], [4, 4])]
