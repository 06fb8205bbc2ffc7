"""Some values detached, some leaves without gradient, mixed in branches and lists."""

import torch

EXPECT = "graph"


def f(x, c):
    parts = []
    for i in range(2):
        v = x[i] * c[i]
        if v > 1:
            parts.append(v.detach())
        elif v < -1:
            parts.append(c[i])
        else:
            parts.append(v * 2)
    s = torch.stack(parts)
    if s.sum() > 1:
        s = s.detach() * x
    return s, parts[0]


def make():
    t = torch.tensor
    return f, [(t(v, requires_grad=True), t([1.0, 2.0])) for v in ([2.0, 2.0], [-3.0, -2.0], [0.1, 0.2], [-2.0, 0.1])]
