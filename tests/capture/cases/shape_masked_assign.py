"""Assignment through a mask: only where a condition holds, and only if it holds anywhere."""
import torch

EXPECT = "graph"


def clip_outliers(x):
    y = x * 1.0
    mask = y.abs() > 2.0
    if mask.any():
        y[mask] = 2.0 * y[mask].sign() + 0.1 * y[mask]
        y[~mask] *= 0.5
    return y


def make():
    return clip_outliers, [
        (torch.tensor([1.0, -3.0, 5.0], requires_grad=True),),
        (torch.tensor([1.0, -1.0, 0.5], requires_grad=True),),
        (torch.tensor([9.0, -3.0, 5.0], requires_grad=True),),
    ]
