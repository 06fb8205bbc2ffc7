"""functools.reduce, partial and operator functions with branches inside the callables."""

import functools
import operator
import torch

EXPECT = "any"  # not in one graph yet


def combine(a, b, scale=1.0):
    if a.sum() > b.sum():
        return a - scale * b
    return a + b


def f(xs):
    total = functools.reduce(functools.partial(combine, scale=0.5), xs)
    norms = list(map(operator.methodcaller("norm"), xs))
    best = max(norms)
    first = operator.itemgetter(0)(xs)
    return total * best, functools.reduce(operator.add, xs, first * 0)


def make():
    g = lambda *v: torch.tensor(v, requires_grad=True)
    return f, [
        ([g(1.0, 2.0), g(0.0, 1.0), g(5.0, 1.0)],),
        ([g(-1.0, 2.0), g(4.0, 1.0), g(0.0, 1.0)],),
        ([g(1.0, 0.0), g(0.0, 3.0), g(-5.0, 1.0)],),
    ]
