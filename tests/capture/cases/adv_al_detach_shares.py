"""detach and data share memory with the tensor."""

import torch

EXPECT = "graph"


def f(x):
    y = x * 2
    d = y.detach()
    if x.sum() > 0:
        d.add_(10)
    else:
        y.data.mul_(3)
    return y.detach() + d, y.data


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
