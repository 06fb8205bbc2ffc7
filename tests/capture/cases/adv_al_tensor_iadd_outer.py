"""`x += y` on a name of an outer tensor writes it; `x = x + y` does not."""

import torch

EXPECT = "graph"


def make():
    total = torch.zeros(2)

    def f(x):
        t = total
        if x.sum() > 0:
            t += x.detach()
        else:
            t = t + x.detach()
        return t * x + total

    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 2.0], [-1.0, -2.0], [4.0, 1.0])]
