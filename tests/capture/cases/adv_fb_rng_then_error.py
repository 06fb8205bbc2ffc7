"""Random draws and prints come before a Python error decided by a number."""

import torch

EXPECT = "any"


def make():
    log = []

    def f(x, n):
        noise = torch.rand(2)
        log.append("start")
        print("noise drawn")
        if x.sum() > 0:
            x = x + noise
        k = 10 // int(n)
        return x * k

    return f, [
        (torch.tensor(v), torch.tensor(n))
        for v, n in (([2.5, 2.0], 3), ([-3.0, -2.0], 0), ([1.0, 0.2], 0), ([-7.0, 1.0], 5))
    ]
