"""A property with a setter that clamps on a tensor condition."""

import torch

EXPECT = "any"


class Gauge:
    def __init__(self):
        self._level = torch.zeros(())
        self.changes = 0

    @property
    def level(self):
        if self._level > 5:
            return self._level * 0 + 5
        return self._level

    @level.setter
    def level(self, value):
        if value < 0:
            raise ValueError("level must not be negative")
        self._level = value
        self.changes += 1


def make():
    gauge = Gauge()

    def f(x):
        gauge.level = gauge.level + x.sum()
        gauge.level += 1
        return gauge.level * x

    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-9.0, -2.0], [2.0, 4.0], [-3.0, 1.0])]
