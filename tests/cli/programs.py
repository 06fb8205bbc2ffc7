"""A user's file, as the command line finds it."""

from __future__ import annotations

PROGRAMS = '''
"""Programs for the command line."""
import torch
from torch import nn

import collections

import diptych

Pair = collections.namedtuple("Pair", "first second")


def grow(x):
    while x.norm() < 10:
        x = x * 2
    return x


def grow_inputs():
    return (torch.ones(3),)


def sign(x, scale):
    if x.sum() > 0:
        return Pair(x * scale, 1)
    return Pair(-x, 0)


def constant():
    return torch.arange(3)


def total(first, *rest):
    for x in rest:
        if x.sum() > 0:
            first = first + x.sum()
    return first


def first(pair):
    return pair[0] + 1


first_inputs = [(torch.ones(2), torch.zeros(2))]


def checked(x):
    if x.sum() > 0:
        raise ValueError("the sum must not be positive")
    return x


def always_raises(x):
    raise KeyError("missing")


def talks(x):
    print("hello from the program")
    return x + 1


def write(x):
    x.add_(1)
    return x


def only_five(x):
    return x.reshape(5) + 1


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        self.seen += 1
        y = self.linear(x)
        if y.mean() > 0:
            y = y.relu()
        return y

    def double(self, x):
        return 2 * x if x.sum() > 0 else x


class Sized(nn.Module):
    def __init__(self, size):
        super().__init__()


class Plain:
    pass


class Decorated:
    @diptych.hybridize
    def method(self, x):
        return x + 1 if x.sum() > 0 else x


net = Counter()
hybrid_net = diptych.hybridize(net)
hybrid_grow = diptych.hybridize(grow)
decorated = Decorated()
number = 3
_private = grow
'''
