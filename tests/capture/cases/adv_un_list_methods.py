"""insert, extend, remove, sort, reverse, pop(i), slices assigned, on lists of both shapes."""

import torch

EXPECT = "graph"


def f(x):
    a = [3, 1, 2]
    t = [x, x * 2]
    if x.sum() > 0:
        a.insert(1, 9)
        t.extend([x * 3, x * 4])
    else:
        a.remove(1)
        t[0:1] = []
    a.sort()
    t.reverse()
    last = t.pop(0)
    a[-1] = 7
    return a, last, len(t), a.index(7), t


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
