"""A list that a loop has extended, read from the end: slices with a negative step."""

import torch

EXPECT = "graph"


def backwards(x):
    items, numbers, total = [], [], 0.0
    while x.sum() < 10:
        x = x + 1
        total = 1.0 + 0.5 * total
        items.append(x * 2)
        numbers.append(total)
    if len(items) < 2:
        return x
    parts = [items[::-1], items[::-2], items[-2::-1], items[:0:-1], items[3::-1], items[-1:-4:-2]]
    return [torch.stack(part) for part in parts], torch.tensor(numbers[::-1])


def make():
    return backwards, [(torch.zeros(2),), (torch.full((2,), 3.0),), (torch.full((2,), 6.0),), (torch.full((2,), -4.0),)]
