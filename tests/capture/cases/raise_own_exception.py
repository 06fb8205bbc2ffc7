"""An exception class of the user's own, raised from a helper two calls down in one of two branches."""

import torch

EXPECT = "graph"


class Diverged(RuntimeError):
    def __init__(self, step):
        super().__init__(f"diverged in step {step}")
        self.step = step


def check(value, step):
    if value.abs() > 100:
        raise Diverged(step)
    return value


def two_steps(x):
    for step in range(2):
        x = check(x * x, step) - 1
    return x


def make():
    return two_steps, [
        (torch.tensor(2.0, requires_grad=True),),
        (torch.tensor(11.0, requires_grad=True),),
        (torch.tensor(5.0, requires_grad=True),),
        (torch.tensor(-0.5, requires_grad=True),),
    ]
