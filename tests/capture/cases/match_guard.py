"""`match` on a Python value with tensors in the guards of two of its cases."""

import torch

EXPECT = "graph"


def activate(x, kind):
    match kind:
        case "auto" if x.mean() > 0:
            y = torch.relu(x)
        case "auto" if x.min() > -1:
            y = torch.tanh(x)
        case _:
            y = torch.nn.functional.softplus(x)
    return y + 1


def make():
    return activate, [
        (torch.tensor([1.0, -0.5], requires_grad=True), "auto"),
        (torch.tensor([-0.7, 0.5], requires_grad=True), "auto"),
        (torch.tensor([-2.0, 0.5], requires_grad=True), "auto"),
    ]
