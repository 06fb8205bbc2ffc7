"""A bounded deque of pairs of a tensor and its number: at every call they move on by one place."""
from collections import deque
import torch
EXPECT = "graph"
MAX_GRAPHS = 6
recent = deque(maxlen=3)

def program(x):
    recent.append((x, x.sum().item()))
    tensors, sums = zip(*recent)
    return torch.stack(tensors).mean(0), max(sums), recent[0]

def state(_):
    return list(recent)

def make():
    torch.manual_seed(0)
    return program, [(torch.randn(3),) for _ in range(7)]
