"""`and`, `or`, `not` on tensors: the right side is looked at only when the left does not decide."""

import torch

EXPECT = "graph"


def stable(x, previous):
    small = (x - previous).abs().max() < 0.5
    if small and x.norm() > 0 and not (x < 0).any():
        x = x / x.norm()
    if not small or (x.sum() > 1 and previous.sum() > 1):
        x = x - x.mean()
    quiet = small or previous.max() < 0
    return x * 2, not quiet


def make():
    return stable, [
        (torch.tensor([1.0, 1.2]), torch.tensor([1.1, 1.2])),
        (torch.tensor([1.0, 5.0]), torch.tensor([1.1, 1.2])),
        (torch.tensor([0.0, 0.0]), torch.tensor([0.1, 0.2])),
        (torch.tensor([1.0, -1.2]), torch.tensor([-2.1, -1.2])),
        (torch.tensor([-1.0, 1.2]), torch.tensor([-1.1, 1.2])),
        (torch.tensor([0.6, 0.6]), torch.tensor([0.3, 0.3])),
    ]
