"""An attribute holds one of two long-lived objects; which one, a branch decides, and both are changed later."""

import torch

EXPECT = "any"


class Slot:
    def __init__(self):
        self.total = torch.zeros(2)
        self.uses = 0


class Router:
    def __init__(self):
        self.left, self.right = Slot(), Slot()
        self.current = self.left

    def __call__(self, x):
        if x.sum() > 0:
            self.current = self.right
        elif x.sum() < -5:
            self.current = self.left
        self.current.total = self.current.total + x.detach()
        self.current.uses += 1
        return x * self.left.total + self.right.total, self.current is self.left


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return Router(), [
        (g(-1.0, 0.5),),
        (g(1.0, 2.0),),
        (g(-1.0, 0.0),),
        (g(-9.0, -4.0),),
        (g(-1.0, 0.0),),
        (g(2.0, 3.0),),
    ]
