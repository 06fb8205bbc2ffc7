"""Python counters that move at different speeds (two pointers)."""

import torch

EXPECT = "graph"


def f(a, b):
    i = j = 0
    out = []
    while i < a.shape[0] and j < b.shape[0]:
        if a[i] <= b[j]:
            out.append(a[i])
            i += 1
        else:
            out.append(b[j])
            j += 1
    merged = torch.stack(out)
    return torch.cat([merged, a[i:], b[j:]])


def make():
    t = torch.tensor
    return f, [
        (t([1.0, 3.0, 5.0]), t([2.0, 4.0, 6.0])),
        (t([1.0, 2.0, 3.0]), t([4.0, 5.0, 6.0])),
        (t([7.0, 8.0, 9.0]), t([4.0, 5.0, 6.0])),
    ]
