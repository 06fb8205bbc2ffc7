"""Run-length encoding: (value, length) pairs whose number the data decides, returned as tensors."""
import torch

EXPECT = "graph"


def run_lengths(x):
    values, lengths = [], []
    current, count = x[0], 1
    for i in range(1, len(x)):
        if x[i] == current:
            count += 1
        else:
            values.append(current)
            lengths.append(count)
            current, count = x[i], 1
    values.append(current)
    lengths.append(count)
    return torch.stack(values), torch.tensor(lengths)


def make():
    return run_lengths, [
        (torch.tensor([1, 1, 1, 1]),),
        (torch.tensor([1, 2, 2, 3]),),
        (torch.tensor([1, 2, 3, 4]),),
    ]
