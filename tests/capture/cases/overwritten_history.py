"""`copy_` and `fill_` of a tensor with a history: its gradient is zero, not absent."""

import torch

EXPECT = "graph"


def program(x, y):
    copied = x + y
    copied.copy_(x)
    filled = x * y
    filled.fill_(0.5)
    if copied.sum() > 1:
        copied.mul_(2.0)
    return copied, filled * 2


def make():
    def leaf(*numbers):
        return torch.tensor(numbers, requires_grad=True)

    return program, [(leaf(1.0, 2.0), leaf(3.0, 4.0)), (leaf(-1.0, 0.5), leaf(3.0, 4.0))]
