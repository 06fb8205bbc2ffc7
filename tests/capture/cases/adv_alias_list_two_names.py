"""One list under two names, appended to through both."""

import torch

EXPECT = "graph"


def f(x):
    first = [x]
    second = first
    if x.max() > 1:
        second.append(x * 2)
    else:
        first.append(x * 3)
    second[0] = second[0] + 1
    return torch.stack(first).sum(0), len(second), first is second


def make():
    return f, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([0.5, 4.0], requires_grad=True),),
    ]
