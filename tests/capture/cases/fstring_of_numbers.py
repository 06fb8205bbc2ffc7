"""Strings formatted with numbers: Python numbers as keys, and a number from a tensor in a label."""

import torch

EXPECT = "any"


def label(x):
    norms = {f"p{p}": x.norm(p) for p in (1, 2)}
    if norms["p1"] > 3:
        name = f"large ({norms['p1'].item():.1f})"
    else:
        name = "small, %d of %d" % (int((x > 0).sum()), len(x))
    return norms, name


def make():
    return label, [
        (torch.tensor([0.1, 0.2], requires_grad=True),),
        (torch.tensor([-5.0, 0.2], requires_grad=True),),
        (torch.tensor([0.5, -0.2], requires_grad=True),),
    ]
