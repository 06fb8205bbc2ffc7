"""A function that returns a tensor or None, called by one that asks which."""

import torch

EXPECT = "graph"


def find_peak(x):
    if x.max() > 1:
        return x.argmax()


def summarize(x):
    peak = find_peak(x)
    if peak is None:
        return x.mean(), None
    return x.sum(), peak


def make():
    return summarize, [
        (torch.tensor([1.0, 5.0, 2.0], requires_grad=True),),
        (torch.tensor([0.1, 0.5, 0.2], requires_grad=True),),
        (torch.tensor([4.0, 0.5, 0.2], requires_grad=True),),
    ]
