"""Iterators of the program's own classes, with defaults of next() and of getattr()."""

import torch

EXPECT = "graph"


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n


class Fading(Countdown):
    def __next__(self):
        if self.n.sum() <= 0:
            raise StopIteration
        self.n = self.n - 1
        return self.n


class Lazy:
    @property
    def missing(self):
        raise AttributeError("missing")

    def __getattr__(self, name):
        if name == "found":
            return 4
        raise AttributeError(name)


def f(x):
    out = [i for i in Countdown(3)]
    counter = Countdown(2)
    ends = next(counter), next(counter), next(counter, "end")
    last = next(Fading(x), None)
    return out, ends, last, hasattr(Lazy(), "missing"), getattr(Lazy(), "found", 1), getattr(Lazy(), "other", 2)


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [2.0, -1.0], [-5.0, -2.0])]
