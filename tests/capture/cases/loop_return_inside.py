"""`return` from inside a loop, with another return after it."""
import torch

EXPECT = "graph"


def escape_time(z, c):
    for step in range(8):
        z = z * z + c
        if z.abs() > 2.0:
            return step, z
    return -1, z


def make():
    def call(z, c):
        return torch.tensor(z, requires_grad=True), torch.tensor(c, requires_grad=True)

    return escape_time, [call(0.0, 0.2), call(0.0, 1.1), call(1.0, 2.0), call(0.5, 0.4)]
