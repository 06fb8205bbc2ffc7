"""The right operand of and/or has effects, which must happen only when it is evaluated."""

import torch

EXPECT = "graph"


def make():
    log = torch.zeros(3)

    def noted(k, value):
        log[k] += 1
        return value > 0

    def f(x):
        if noted(0, x[0]) and noted(1, x[1]) or noted(2, x[2]):
            return x * 2
        return x - 1

    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0])
    ]
