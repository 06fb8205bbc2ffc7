"""A work list: while the list is not empty, pop and maybe push."""

import torch

EXPECT = "any"


def f(x):
    work = [x]
    total = x.new_zeros(())
    n = 0
    while work and n < 20:
        t = work.pop()
        n += 1
        if t.sum() > 2:
            work.append(t * 0.4)
            work.append(t * 0.3)
        else:
            total = total + t.sum()
    return total, n


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 0.5], [4.0, 1.0], [9.0, 3.0])]
