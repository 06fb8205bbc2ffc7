"""Attributes that do not exist before the first call, set on some paths only."""

import torch

EXPECT = "graph"
MAX_GRAPHS = 4


class Tracker:
    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls = self.calls + 1
        if x.sum() > 0:
            self.best = x.max()
        for step in range(2):
            if x[step] < 0:
                continue
            self.last = step
        if x.min() < -5:
            del self.best
        return x * 2


def make():
    return Tracker(), [
        (torch.tensor([1.0, 2.0]),),
        (torch.tensor([-1.0, -2.0]),),
        (torch.tensor([-1.0, 3.0]),),
        (torch.tensor([-1.0, -2.0]),),
        (torch.tensor([-7.0, 1.0]),),
        (torch.tensor([-1.0, -2.0]),),
        (torch.tensor([5.0, -2.0]),),
    ]


def state(program):
    return dict(sorted(vars(program).items()))
