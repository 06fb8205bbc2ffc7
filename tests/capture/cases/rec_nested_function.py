"""A recursive function defined inside another one, reading the enclosing function's tensors."""
import torch

EXPECT = "graph"


def collapse(x, rate):
    scale = 1.0 + rate.abs()

    def step(value):
        if value.abs().max() <= 1.0:
            return value
        return step(value / scale)

    return step(x) * scale


def make():
    def call(*x):
        return torch.tensor(x, requires_grad=True), torch.tensor(-0.5, requires_grad=True)

    return collapse, [call(0.5, 0.2), call(1.2, -0.2), call(-60.0, 8.0)]
