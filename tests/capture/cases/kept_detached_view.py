"""A detached view of an argument is written to and kept: what is kept does not require a gradient."""

import torch

EXPECT = "graph"
MAX_GRAPHS = 3


class Memory:
    def __init__(self):
        self.memory = torch.tensor([0.1, -0.2, 0.3])

    def __call__(self, x, y):
        self.memory *= 0.5
        self.memory = y.detach()
        self.memory[1] = -0.7
        if x.sum() > 0:
            x = x * 2
        return x


def make():
    def leaf(*numbers, grad=True):
        return torch.tensor(numbers, requires_grad=grad)

    return Memory(), [
        (leaf(1.0, 2.0), leaf(1.0, 2.0, 3.0)),
        (leaf(-1.0, -2.0), leaf(1.0, 4.0, 3.0)),
        (leaf(1.0, -2.0), leaf(1.0, 5.0, 3.0, grad=False)),
        (leaf(1.0, 2.0), leaf(1.0, 6.0, 3.0)),
    ]


def state(program):
    return vars(program)
