"""`float(t)` and `.item()` as Python floats: arithmetic, min and max, comparison, scaling of a tensor."""

import math

import torch

EXPECT = "graph"


def temperature(x):
    spread = float(x.max() - x.min())
    peak = x.abs().max().item()
    if spread > peak:
        heat = min(spread, 4.0) / 2
    else:
        heat = math.sqrt(peak) + 0.5
    return (x / heat).softmax(0), round(heat, 3)


def make():
    return temperature, [
        (torch.tensor([1.0, 1.2, 0.9]),),
        (torch.tensor([1.0, -1.2, 0.9]),),
        (torch.tensor([5.0, -5.2, 0.9]),),
    ]
