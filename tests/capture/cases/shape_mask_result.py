"""The selected entries themselves are the result: its size is decided by the data."""
import torch

EXPECT = "graph"


def positives(x):
    kept = x[x > 0] * 2.0
    if kept.sum() > 5.0:
        kept = kept - kept.sum() / 10.0
    return kept


def make():
    return positives, [
        (torch.tensor([1.0, -2.0, 3.0, 0.5], requires_grad=True),),
        (torch.tensor([-1.0, -2.0, -3.0, -0.5], requires_grad=True),),
        (torch.tensor([0.1, 0.2, 0.3, 0.4], requires_grad=True),),
    ]
