"""A bound method is the program; it updates attributes of a plain object and calls other methods."""

import torch

EXPECT = "graph"


class Controller:
    def __init__(self):
        self.integral = torch.zeros(())
        self.saturated = False

    def limit(self, u):
        if u.abs() > 1:
            self.saturated = True
            return u.clamp(-1, 1)
        self.saturated = False
        return u

    def control(self, error):
        u = self.limit(2 * error + 0.1 * self.integral)
        if not self.saturated:
            self.integral = self.integral + error.detach()
        return u * 10


def make():
    return Controller().control, [
        (torch.tensor(0.2, requires_grad=True),),
        (torch.tensor(2.0, requires_grad=True),),
        (torch.tensor(-0.3, requires_grad=True),),
        (torch.tensor(-3.0, requires_grad=True),),
    ]


def state(program):
    return vars(program.__self__)
