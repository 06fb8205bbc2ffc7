"""A recursive method changes its object's attributes."""

import torch

EXPECT = "any"


class Solver:
    def __init__(self):
        self.calls = 0
        self.best = None

    def solve(self, x):
        self.calls += 1
        if x.norm() < 1:
            return x
        if self.best is None or x.norm() < self.best:
            self.best = x.norm()
        return self.solve(x.roll(1) * torch.tensor([-3.0, 0.1])) + 0.1


def f(x):
    s = Solver()
    y = s.solve(x)
    return y, s.calls, s.best


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([3.0, 2.0], [0.1, 0.1], [13.0, 5.0])]
