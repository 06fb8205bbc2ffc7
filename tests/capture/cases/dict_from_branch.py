"""Both sides build a dict with the same keys, one of them nested; later code reads and extends it."""

import torch

EXPECT = "graph"


def losses(prediction, target):
    error = prediction - target
    if error.abs().mean() > 1:
        parts = {"main": error.abs().mean(), "extra": {"weight": 2.0, "term": error.max()}}
    else:
        parts = {"main": error.square().mean(), "extra": {"weight": 0.5, "term": error.min()}}
    parts["total"] = parts["main"] + parts["extra"]["weight"] * parts["extra"]["term"]
    return parts


def make():
    target = torch.tensor([1.0, -1.0, 0.0])
    return losses, [
        (torch.tensor([1.1, -0.8, 0.3], requires_grad=True), target),
        (torch.tensor([4.1, -3.8, 0.3], requires_grad=True), target),
        (torch.tensor([1.0, -0.5, 0.5], requires_grad=True), target),
    ]
