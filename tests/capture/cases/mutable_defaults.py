"""Lists that functions, partials and bound methods of the outside hold: they are filled from call to call."""

import functools

import torch

EXPECT = "any"  # a graph for each length
MAX_GRAPHS = 24


def counted(seen=[]):
    seen.append(len(seen))
    return len(seen)


def noted(log, value):
    log.append(value)
    return len(log)


class Seen:
    def __init__(self):
        self.gets = []

    def __get__(self, owner, kind):
        self.gets.append(1)
        return len(self.gets)


class Program:
    looked_at = Seen()

    def __init__(self):
        self.items = []
        self.push = self.items.append
        self.note = functools.partial(noted, [0])

    def __call__(self, x):
        self.push(2)
        if x.sum() > 0:
            return x * counted(), self.note(1), len(self.items)
        return x, self.looked_at, len(self.items)


def make():
    counted.__defaults__[0].clear()
    Program.__dict__["looked_at"].gets.clear()
    return Program(), [(torch.tensor(v),) for v in (1.0, -1.0, 2.0, -1.0, 3.0)]


def state(program):
    return program.items
