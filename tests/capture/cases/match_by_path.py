"""`match` on a tuple whose structure a tensor chooses, with exits of the loop in its cases."""

import torch

EXPECT = "graph"


def f(x):
    out = []
    for i in range(4):
        move = (1, x[0]) if x[0] > i else ("b", 2, x[1])
        match move:
            case (1, y):
                out.append(y)
                continue
            case (_, n, y) if y > 0:
                out.append(y * n)
                break
            case _:
                if i == 2:
                    return out, "early"
        out.append(i)
    return out, "late"


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [2.0, -1.0], [0.0, -1.0], [9.0, 1.0])]
