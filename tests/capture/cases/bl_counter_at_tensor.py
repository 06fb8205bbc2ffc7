"""A Counter of Python labels, read at a label that only the graph knows: 0 where there is none."""
from collections import Counter
import torch
EXPECT = "graph"
seen = Counter([1, 1, 2])

def program(scores):
    label = scores.argmax().item()
    weight = 1.0 / (1 + seen[label])
    return scores * weight, seen[label]

def make():
    return program, [(torch.tensor(v),) for v in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])]
