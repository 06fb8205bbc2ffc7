"""Inputs of a graph that writes to tensors begin to share memory, or stop, between calls."""

from __future__ import annotations

import itertools
import random

import pytest
import torch
from torch import nn

import diptych
from diptych.hybrid import sharing
from tests.hybrid.scripts import indistinguishable

X = torch.tensor([1.0, -2.0, 3.0])


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("other", torch.ones(3))

    def forward(self, x):
        self.mean.add_(x)
        return self.mean * 2 + self.other + x


CHANGES = {
    "the argument is the buffer": lambda net: net.mean,
    "the argument is another buffer": lambda net: net.other,
    "a view": lambda net: net.mean.view(3),
    "buffers become one": lambda net: setattr(net, "other", net.mean),
    "buffers share memory": lambda net: setattr(net.other, "data", net.mean.data),
    "the buffer moves to the argument": lambda net: setattr(net.mean, "data", X),
    "the buffer moves": lambda net: setattr(net.mean, "data", torch.full((3,), 5.0)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change(change):
    @indistinguishable
    def script(hybridize):
        X.copy_(torch.tensor([1.0, -2.0, 3.0]))
        net = Counting()
        program = hybridize(net)
        for number in range(4):
            yield program(X + number), net.mean, net.other
        given = CHANGES[change](net)
        for number in range(3):
            yield program(X if given is None else given), net.mean, net.other
            yield program(X + number), net.mean, net.other

    script()


def test_all_inputs_are_looked_at_only_if_something_moved(monkeypatch):
    net = Counting()
    program = diptych.hybridize(net)
    for _ in range(3):
        program(X)
    looks = []
    memory = sharing.memory
    monkeypatch.setattr(sharing, "memory", lambda flat: (looks.append(flat), memory(flat))[1])
    for number in range(5):
        program(X + number)
    assert looks == []
    net.mean = torch.zeros(3)
    program(X)
    assert looks
    assert program.stats.graphs == 1


def test_spans_are_found_among_others():
    generator = random.Random(0)
    for _ in range(2000):
        ends = [sorted(generator.sample(range(30), 2)) for _ in range(generator.randrange(6))]
        spans = [(start, end) for start, end in ends]
        start = generator.randrange(29)
        span = (start, generator.randrange(start + 1, 31))
        joined = sharing.merged(spans)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(joined))
        assert {b for s in joined for b in range(*s)} == {b for s in spans for b in range(*s)}
        assert sharing.among(joined, span) == any(sharing.overlap(span, other) for other in spans)
