"""Quicksort with boolean masks: sizes decided by data at every level."""
import torch
EXPECT = "any"  # not in one graph yet

def quicksort(x):
    if x.numel() <= 1:
        return x
    pivot = x[0]
    rest = x[1:]
    return torch.cat([quicksort(rest[rest < pivot]), pivot[None], quicksort(rest[rest >= pivot])])

def make():
    return quicksort, [(torch.tensor(v),) for v in ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [5.0, 5.0, 1.0], [2.0], [4.0, 3.0, 9.0, 1.0, 0.0])]
