"""`+=` on a list changes it in place, `= a + b` makes a new one."""

import torch

EXPECT = "graph"


def f(x):
    a = [x]
    b = a
    if x.sum() > 0:
        a += [x * 2]
    else:
        a = a + [x * 3]
    return len(b), sum(a), a is b


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
