"""Returns from inside nested `with` blocks, gradient modes switched off and on again."""

import torch

EXPECT = "graph"


def score(x, w):
    with torch.no_grad():
        margin = (x * w).sum()
        if margin.abs() < 0.5:
            return margin * 0
        with torch.enable_grad():
            if margin < 0:
                return (x * w).square().sum()
    return (x * w).sum() + margin


def make():
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    return score, [
        (torch.tensor([0.1, 0.2], requires_grad=True), w),
        (torch.tensor([-5.0, 0.2], requires_grad=True), w),
        (torch.tensor([4.0, 0.2], requires_grad=True), w),
    ]
