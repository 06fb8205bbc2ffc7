"""The loop tells in a string how it ended."""
import torch

EXPECT = "graph"


def newton_1d(x):
    status = "limit"
    for i in range(6):
        slope = 3.0 * x * x - 2.0
        if slope.abs() < 1e-2:
            status = "flat"
            break
        step = (x ** 3 - 2.0 * x - 5.0) / slope
        x = x - step
        if step.abs() < 1e-3:
            status = "converged"
            break
    return x, status


def make():
    return newton_1d, [
        (torch.tensor(2.0, requires_grad=True),),
        (torch.tensor(0.8165, requires_grad=True),),
        (torch.tensor(60.0, requires_grad=True),),
    ]
