"""An exception is looked at, raised again and caught outside; one leaves the program."""

import torch

EXPECT = "graph"


def inner(x, log):
    try:
        if x[0] > 3:
            raise ValueError("too big")
        return x * 2
    except ValueError as error:
        log.append(str(error))
        if x[1] > 0:
            raise
        raise RuntimeError("worse")
    finally:
        log.append("left")


def f(x):
    log = []
    try:
        y = inner(x, log)
    except ValueError:
        y = x - 1
    return y, log


def make():
    return f, [(torch.tensor(v, requires_grad=True),) for v in ([1.0, 1.0], [4.0, -1.0], [4.0, 2.0])]
