"""A flag and a mode that a branch sets and later calls read."""

import torch

EXPECT = "graph"


class Stopper:
    def __init__(self):
        self.stopped = False
        self.best = float("inf")
        self.waited = 0

    def __call__(self, x):
        if self.stopped:
            return x * 0, "stopped"
        loss = x.sum()
        if loss < self.best:
            self.best = loss.item()
            self.waited = 0
        else:
            self.waited += 1
            self.stopped = self.waited >= 2
        return x * (2 if not self.stopped else 3), "running"


def make():
    return Stopper(), [(torch.tensor([v, 1.0]),) for v in (1.0, -2.0, 3.0, 0.5, 0.1, -7.0)]


def state(program):
    return vars(program)
