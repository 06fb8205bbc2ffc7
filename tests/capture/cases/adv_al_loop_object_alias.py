"""An object carried by a loop is rebound to another that has a second name."""

import torch

EXPECT = "any"


class Cell:
    def __init__(self, v):
        self.v = v


def f(n, x):
    first, second = Cell(x), Cell(x * 2)
    now = first
    i = 0
    while i < n:
        now.v = now.v + 1
        now = second if i % 2 == 0 else first
        i += 1
    return first.v, second.v, now.v


def make():
    return f, [(torch.tensor(n), torch.tensor([1.0, 2.0], requires_grad=True)) for n in (0, 1, 5, 2)]
