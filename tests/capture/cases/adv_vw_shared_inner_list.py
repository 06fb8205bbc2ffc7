"""Two outer lists hold the same inner list; a branch replaces it in one of them."""

import torch

EXPECT = "graph"


def f(x):
    inner = [x]
    a, b = [inner, 1], [inner, 2]
    if x.sum() > 0:
        b[0] = list(inner)
    inner.append(x * 2)
    b[0].append(x * 3)
    return len(inner), len(a[0]), len(b[0]), a[0] is b[0], sum(b[0])


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
