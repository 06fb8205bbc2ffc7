"""A trace of decisions is built as a string."""

import torch

EXPECT = "any"


def f(x):
    path = ""
    while x.abs().sum() > 1:
        if x[0] > x[1]:
            path += "L"
            x = x * torch.tensor([0.3, 0.9])
        else:
            path += "R"
            x = x * torch.tensor([0.9, 0.3])
    return x, path


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-0.1, -0.2], [2.0, 4.0])]
