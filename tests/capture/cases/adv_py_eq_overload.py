"""A class whose == compares tensors, used in `in`, `!=` and as a branch."""

import torch

EXPECT = "any"


class Point:
    def __init__(self, xy):
        self.xy = xy

    def __eq__(self, other):
        return bool((self.xy == other.xy).all())

    def __lt__(self, other):
        return self.xy.norm() < other.xy.norm()


def f(x, y):
    p, q = Point(x), Point(y)
    if p == q:
        return x * 2
    if p != Point(y * 2):
        x = x + 1
    if q < p:
        return x - y
    return min(p, q).xy


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        (g(1.0, 2.0), g(1.0, 2.0)),
        (g(2.0, 4.0), g(1.0, 2.0)),
        (g(0.1, 0.2), g(1.0, 2.0)),
        (g(5.0, 0.2), g(1.0, 2.0)),
    ]
