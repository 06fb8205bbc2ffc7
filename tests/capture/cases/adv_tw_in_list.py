"""The chosen tensor sits in a list; the original is then written."""

import torch

EXPECT = "any"


def f(x, y):
    a = x + 0
    kept = []
    if y.sum() > 0:
        kept.append(a)
    else:
        kept.append(y * 2)
    a.mul_(3)
    return kept[0] + a


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [(g(1.0, 2.0), g(1.0, 1.0)), (g(-1.0, -2.0), g(-1.0, 0.0)), (g(1.0, -2.0), g(1.0, 0.0))]
