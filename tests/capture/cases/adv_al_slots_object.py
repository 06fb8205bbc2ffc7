"""An object with slots is shared by two names, changed in a branch inside a loop."""

import torch

EXPECT = "graph"


class State:
    __slots__ = ("h", "n")

    def __init__(self, h):
        self.h = h
        self.n = 0


def f(x):
    s = State(x)
    pair = (s, s)
    while pair[0].h.sum() < 10:
        if pair[1].h[0] > 2:
            pair[1].h = pair[0].h + 3
        else:
            s.h = s.h * 2
        s.n += 1
    return s.h, pair[1].n


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(0.5, 0.5),), (g(8.0, 9.0),), (g(3.0, 0.5),)]
