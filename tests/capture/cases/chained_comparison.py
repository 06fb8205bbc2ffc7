"""A chained comparison of tensors, `low < x < high`, in a test and as a value."""

import torch

EXPECT = "graph"


def in_band(x, low, high):
    mean = x.mean()
    if low < mean < high:
        y = x - mean
    elif low >= mean > -high:
        y = x - low
    else:
        y = x * 0.5
    return y, 0 <= y.sum() <= 1


def make():
    low, high = torch.tensor(0.0), torch.tensor(2.0)
    return in_band, [
        (torch.tensor([1.0, 1.5], requires_grad=True), low, high),
        (torch.tensor([-1.0, -0.5], requires_grad=True), low, high),
        (torch.tensor([4.0, 4.5], requires_grad=True), low, high),
        (torch.tensor([-4.0, -4.5], requires_grad=True), low, high),
    ]
