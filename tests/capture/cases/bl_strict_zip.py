"""Lists filled on the same condition are gone through side by side; where they do not fit, Python says so."""

import torch

EXPECT = "graph"


def f(xs, momentum):
    values, buffers = [], []
    for x in xs:
        if x > 0:
            values.append(x)
            if momentum.item() > 0:
                buffers.append(x * momentum)
    total = torch.zeros(())
    if momentum.item() > 0:
        for value, buffer in zip(values, buffers, strict=True):
            total = total + value * buffer
    more = [3, 4, 5] if xs[0] > 5 else [3, 4]
    return total, [a + b for a, b in zip([1, 2], more, strict=True)]


def make():
    t = torch.tensor
    return f, [(t(v), t(m)) for v, m in (([1.0, -1.0], 0.5), ([1.0, 2.0], 0.0), ([-1.0, 2.0], 0.9), ([9.0, 1.0], 0.9))]
