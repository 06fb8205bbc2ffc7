"""A number that varies from call to call is written on one side before it is read."""

import torch

EXPECT = "graph"


class Meter:
    def __init__(self):
        self.level, self.total, self.calls, self.high = 1, 0.0, 0, False

    def __call__(self, x):
        self.calls += 1
        if x.sum() > 0:
            self.level = 7
        if x.max() > 3:
            self.high = True
        seen = self.level * 2
        self.total = self.total + self.level
        if x.min() < -1:
            self.level += self.calls
            self.high = not self.high
        return x * self.level, seen, self.high


def make():
    return Meter(), [(torch.tensor([v, 1.0]),) for v in (-2.0, 1.0, -3.0, -0.5, 5.0, -7.0, -4.0)]


def state(program):
    return vars(program)
