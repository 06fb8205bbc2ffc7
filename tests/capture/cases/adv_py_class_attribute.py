"""A class attribute counted through self and through the class."""

import torch

EXPECT = "any"  # not in one graph yet


class Counted:
    total = 0
    scale = 2.0

    def __call__(self, x):
        if x.sum() > 0:
            Counted.total += 1
            self.scale = self.scale + 1
        else:
            type(self).total -= 1
        return x * self.scale + Counted.total


def make():
    return Counted(), [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [2.0, 4.0])]


def state(program):
    return {"total": Counted.total, "scale": program.scale}
