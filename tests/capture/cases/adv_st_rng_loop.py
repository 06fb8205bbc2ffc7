"""Random draws in a tensor-decided loop, of several distributions; the stream afterwards must agree."""

import torch

EXPECT = "graph"


def f(x):
    n = 0
    while x.sum() < 5:
        if torch.rand(()) < 0.5:
            x = x + torch.rand_like(x)
        else:
            x = x + torch.randn(2).abs()
        n += 1
    p = torch.randperm(3)
    return x, n, p, torch.randint(0, 10, (2,))


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-3.0, -2.0], [20.0, 4.0], [0.2, 0.5])]
