"""Names are added to and discarded from a set inside branches; membership steers what follows."""

import torch

EXPECT = "graph"


def issues(x):
    found = {"unchecked"}
    if x.isnan().any():
        found.add("nan")
        x = x.nan_to_num()
    if x.max() > 1:
        found |= {"large"}
    found.discard("unchecked")
    if "large" in found:
        x = x / x.max()
    return x, found


def make():
    return issues, [
        (torch.tensor([0.5, 0.2], requires_grad=True),),
        (torch.tensor([0.5, float("nan")], requires_grad=True),),
        (torch.tensor([3.0, float("nan")], requires_grad=True),),
        (torch.tensor([2.0, 0.5], requires_grad=True),),
    ]
