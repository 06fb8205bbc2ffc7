"""Early return inside try/finally inside nested loops, with state written by finally."""

import torch

EXPECT = "graph"


def make():
    log = torch.zeros(2)

    def f(x):
        for i in range(2):
            for j in range(2):
                try:
                    if x[i, j] > 3:
                        return x * (i + j)
                    if x[i, j] < 0:
                        continue
                    x = x * 1.5
                finally:
                    log[0] += 1
            log[1] += 1
        return x

    g = lambda v: torch.tensor(v, requires_grad=True)
    return f, [(g([[1.0, 2.0], [1.0, 2.0]]),), (g([[1.0, 4.0], [1.0, 2.0]]),), (g([[-1.0, 0.1], [-4.0, 2.0]]),)]
