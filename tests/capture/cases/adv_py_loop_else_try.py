"""A loop inside try inside with; returns early, the finally block and the manager count."""

import contextlib
import torch

EXPECT = "graph"


def make():
    counts = {"finally": 0, "exit": 0}

    @contextlib.contextmanager
    def counting():
        try:
            yield counts
        finally:
            counts["exit"] += 1

    def f(x):
        for i in range(3):
            with counting():
                try:
                    if x[i] < 0:
                        continue
                    if x[i] > 5:
                        return x * i
                    if x[i] > 4:
                        break
                    x = x + 1
                finally:
                    counts["finally"] += 1
        else:
            return -x
        return x

    return f, [
        (torch.tensor(v, requires_grad=True),)
        for v in ([1.0, 2.0, 1.0], [-1.0, -2.0, 3.0], [2.0, 7.0, 0.0], [0.0, 3.5, 1.0])
    ]
