"""enumerate and zip over tensors and lists with a tensor-decided break; leftovers used after."""

import torch

EXPECT = "graph"


def f(xs, ys):
    out = xs.new_zeros(())
    last = None
    for k, (a, b) in enumerate(zip(xs, ys), start=1):
        if a > b:
            last = k
            break
        out = out + a * k
    if last is None:
        return out
    return out * last


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 2.0, 3.0), g(2.0, 3.0, 4.0)),
        (g(1.0, 5.0, 3.0), g(2.0, 3.0, 4.0)),
        (g(3.0, 2.0, 3.0), g(2.0, 3.0, 4.0)),
    ]
