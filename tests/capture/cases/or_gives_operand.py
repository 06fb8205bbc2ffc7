"""`or` and `and` return one of their operands: a tensor that is false is replaced by a default."""

import torch

EXPECT = "graph"


def scaled(x, count):
    divisor = count or torch.tensor(1.0)
    bonus = count > 2 and x.max()
    y = x / divisor
    if bonus:
        y = y + bonus
    return y


def make():
    return scaled, [
        (torch.tensor([2.0, 4.0], requires_grad=True), torch.tensor(0.0)),
        (torch.tensor([2.0, 4.0], requires_grad=True), torch.tensor(2.0)),
        (torch.tensor([2.0, 4.0], requires_grad=True), torch.tensor(4.0)),
        (torch.tensor([0.0, -4.0], requires_grad=True), torch.tensor(4.0)),
    ]
