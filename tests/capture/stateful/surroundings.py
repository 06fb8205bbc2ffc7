"""What surrounds the body of a random program with state: its classes and functions, and what its caller may change."""

from __future__ import annotations

DEFINITIONS = """\
import random

import torch
import torch.nn.functional as F
from torch import nn

LOG = {}
HELD = []  # the object of the program, for its caller


class Oops(Exception):
    def __init__(self, code):
        super().__init__("oops", code)
        self.code = code


class Quiet:
    def __init__(self):
        self.caught = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Oops):
            self.caught += 1
            return True
        return False


class Box:
    def __init__(self, value):
        self.value = value
        self.items = []


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.8))
        self.register_buffer("seen", torch.zeros(()))
        self.calls = 0

    def forward(self, u):
        self.calls += 1
        if u.sum() > 0.4:
            self.seen += 1
            return u * self.gain
        return u - self.gain * 0.1


def helper(u, s=0.3):
    if u.sum() > s:
        return u * 0.5
    while u.sum() < -1.5:
        u = u * 0.5 + 0.1
    return torch.sin(u)


def mixed(*parts, scale=1.0):
    total = 0.0
    for part in parts:
        total = total + part * scale
    return total


def checked(u):
    if u.sum() > 0.9:
        raise ValueError("sum above")
    return u + 0.1


def counted(seen=[]):
    seen.append(len(seen))
    return len(seen)


def stepping(u):
    while True:
        yield u
        u = u * 0.5
"""

CLASS = """\
class Program({base}):
    def __init__(self):
        super().__init__()
        self.scale = 0.5
        self.mode = "a"
        self.training = True
        self.act = torch.tanh
        self.layers = [torch.sin]
        self.count = 0
        self.total = 0.25
        self.flag = False
        self.level = torch.tensor(0.2)
        self.history = []
        self.counts = {{"q": 1}}
        self.box = Box(torch.tensor(0.4))
        self.memory = torch.tensor([0.1, -0.2, 0.3])
        self.last = None
        self.cell = Cell()
        self.lin = nn.Linear(3, 3)
        self.opt = torch.optim.{optimizer}(self.lin.parameters(), lr=0.1)

    def note(self, value):
        if value > 1:
            self.counts[value] = self.count
        self.count += 1

    def swapped(self, value):
        value, self.total = self.total, value
        return value

    def guarded(self, u):
        self.count += 1
        if u.mean() > 0.4:
            self.flag = True
            raise Oops(self.count)
        return u * 2

    def guarded_count(self, u):
        self.total += 0.5
        if u.max() > 1.2:
            raise Oops(2)
        self.count += 1
        return self.count
"""

CHANGES = [
    "owner.scale = $C",
    "owner.scale = 1.5",
    "owner.mode = 'b'",
    "owner.mode = 'a'",
    "owner.training = False",
    "owner.training = True",
    "owner.layers.append(torch.cos)",
    "owner.layers = [torch.tanh, torch.sin]",
    "owner.layers = []",
    "owner.act = torch.sin",
    "owner.count = 0",
    "owner.flag = True",
    "owner.level = torch.tensor(-0.3)",
    "owner.history.clear()",
    "owner.history = [1, 2]",
    "owner.counts = {}",
    "owner.total = 2.0",
    "owner.memory = torch.tensor([0.5, 0.4, -0.9])",
    "owner.last = torch.tensor([0.2, 0.1, -0.4])",
    "owner.last = None",
    "LOG.clear()",
]
"""What the caller does to the program's object between two calls."""
