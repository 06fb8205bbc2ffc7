"""Both names are new on each side; on one side they are the same list."""

import torch

EXPECT = "any"


def f(x):
    if x.sum() > 0:
        a = b = [x]
    else:
        a = [x]
        b = [x * 2]
    a.append(x + 1)
    return len(b), sum(b), a is b


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
