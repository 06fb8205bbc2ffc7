"""An object held by two names is changed through one of them in a branch."""

import torch

EXPECT = "graph"


class Box:
    def __init__(self, value):
        self.value = value
        self.count = 0


def f(x):
    box = Box(x)
    same = box
    holder = {"box": box}
    if x.mean() > 0:
        same.value = same.value * 2
        same.count += 1
    else:
        holder["box"].value = x - 7
    return box.value + holder["box"].value, box.count


def make():
    return f, [
        (torch.tensor([1.0, 2.0], requires_grad=True),),
        (torch.tensor([-1.0, -2.0], requires_grad=True),),
        (torch.tensor([0.5, 4.0], requires_grad=True),),
    ]
