"""Default values (one a tensor), keyword-only arguments, and a call that leaves some of them out."""

import torch

from tests.capture.cases import Call

EXPECT = "graph"
MAX_GRAPHS = 2

STEP = torch.tensor(0.5)


def descend(x, slope, step=STEP, *, momentum=None, limit=1.0):
    move = slope * step
    if momentum is not None:
        move = move + 0.9 * momentum
    if move.norm() > limit:
        move = move / move.norm()
    return x - move, move


def make():
    def vector(*values):
        return torch.tensor(values, requires_grad=True)

    return descend, [
        (vector(1.0, 2.0), vector(0.5, 0.5)),
        (vector(1.0, 2.0), vector(5.0, 0.5)),
        Call((vector(1.0, 2.0), vector(0.5, 0.5)), {"momentum": vector(0.1, 0.1)}),
        Call((vector(1.0, 2.0),), {"slope": vector(0.5, 7.5), "momentum": vector(0.1, 0.1)}),
    ]
