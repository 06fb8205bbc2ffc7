"""Dicts that make what they lack: a Counter and a defaultdict are asked for a key that a tensor names."""
from collections import Counter, defaultdict
import torch
EXPECT = "any"

def program(labels):
    counts, names = Counter({1: 5}), defaultdict(lambda: "other", {1: "one"})
    marks = {1: 0, 2: 1}
    k = labels[0].item()
    try:
        count = counts[k] + marks[k]
    except KeyError:
        count = -1
    try:
        name = names[k] + "!" * marks[k]
    except KeyError:
        name = "missing"
    return count, name, len(names)

def make():
    return program, [(torch.tensor(v),) for v in ([1, 2], [2, 1], [0, 0])]
