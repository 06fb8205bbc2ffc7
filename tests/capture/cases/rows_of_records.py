"""A loop that a tensor decides collects records: lists and dicts of tensors and numbers."""

import torch

EXPECT = "graph"


def make():
    def trail(x):
        pairs, notes = [], []
        while x.sum() < 10:
            pairs.append([x - 1, x * 2])
            notes.append({"at": x.mean(), "step": 1})
            x = x + 1
        total = sum(second for _, second in pairs)
        return pairs, notes, total, x

    return trail, [
        (torch.tensor([1.0, 2.0]),),
        (torch.tensor([4.0, 1.0]),),
        (torch.tensor([3.0, 5.0]),),
    ]
