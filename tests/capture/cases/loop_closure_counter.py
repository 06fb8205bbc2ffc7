"""A nested function updates the enclosing function's counter (`nonlocal`) inside the loop."""
import torch

EXPECT = "graph"


def count_evaluations(x):
    evaluations = 0

    def f(v):
        nonlocal evaluations
        evaluations += 1
        return (v * v).sum()

    while f(x) > 1.0:
        x = 0.5 * x
        if f(x) > 4.0:
            x = 0.5 * x
    return x, evaluations


def make():
    return count_evaluations, [
        (torch.tensor([0.5, 0.5], requires_grad=True),),
        (torch.tensor([1.5, 0.5], requires_grad=True),),
        (torch.tensor([30.0, -8.0], requires_grad=True),),
    ]
