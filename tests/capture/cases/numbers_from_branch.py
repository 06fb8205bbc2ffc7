"""Python numbers chosen by a tensor: an int, a float and a bool, used in arithmetic and returned as numbers."""

import torch

EXPECT = "graph"


def plan(loss):
    if loss > 1:
        rate, repeats, warm = 0.1, 3, True
    else:
        rate, repeats, warm = 0.01, 1, False
    budget = rate * repeats + 1
    step = loss * rate
    if warm and repeats > 2:
        step = step / 2
    return step, budget, repeats * 2, warm


def make():
    return plan, [
        (torch.tensor(2.0, requires_grad=True),),
        (torch.tensor(0.5, requires_grad=True),),
        (torch.tensor(7.0, requires_grad=True),),
    ]
