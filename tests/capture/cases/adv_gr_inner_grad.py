"""torch.autograd.grad inside a while loop (Newton's method with a tensor test)."""

import torch

EXPECT = "graph"


def f(a):
    x = torch.ones((), requires_grad=True)
    n = 0
    while True:
        y = x * x - a
        if y.abs() < 1e-3 or n > 20:
            break
        (d,) = torch.autograd.grad(y, x, create_graph=True)
        x = x - y / d
        n += 1
    return x, n


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in (2.0, 1.0, 9.0)]
