"""An exception is made on one side and raised later; another is chosen from a table."""

import torch

EXPECT = "any"


def f(x):
    problem = None
    if x.sum() > 5:
        problem = ValueError("too big", 5)
    elif x.sum() < -5:
        problem = KeyError("small")
    y = x * 2
    if problem is not None:
        raise problem
    return y


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-11.0, -2.0], [4.0, 3.0])]
