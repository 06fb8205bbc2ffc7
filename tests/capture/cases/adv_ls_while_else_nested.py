"""while/else inside for with break to the outer else."""

import torch

EXPECT = "graph"


def f(x):
    hits = 0
    for i in range(3):
        v = x[i]
        n = 0
        while v < 8:
            v = v * 2
            n += 1
            if n > 4:
                break
        else:
            hits += n
            continue
        break
    else:
        hits = -hits
    return x * hits, hits


def make():
    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0, 3.0], [9.0, -1.0, 2.0], [9.0, 10.0, 11.0], [1.0, 0.0, 1.0])
    ]
