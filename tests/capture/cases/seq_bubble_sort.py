"""Bubble sort with a `swapped` flag: nested loops, in-place swaps of entries."""
import torch

EXPECT = "graph"


def bubble_sort(x):
    x = x.clone()
    swapped = True
    passes = 0
    while swapped:
        swapped = False
        for i in range(len(x) - 1):
            if x[i] > x[i + 1]:
                x[i], x[i + 1] = x[i + 1].clone(), x[i].clone()
                swapped = True
        passes += 1
    return x, passes


def make():
    return bubble_sort, [
        (torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True),),
        (torch.tensor([2.0, 1.0, 3.0, 4.0], requires_grad=True),),
        (torch.tensor([4.0, 3.0, 2.0, 1.0], requires_grad=True),),
    ]
