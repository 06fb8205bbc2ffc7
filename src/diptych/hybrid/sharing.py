"""Which inputs of a graph share memory: a graph that writes to tensors is valid for one pattern of sharing only."""

from __future__ import annotations

import bisect
from typing import Any

import torch

from diptych.capture.guards import TensorFacts
from diptych.capture.program import Program
from diptych.capture.sources import Argument, Source
from diptych.capture.staging.externals import extent, overlap
from diptych.capture.structure import Structure

Span = tuple[int, int]
data_ptr = torch._C.TensorBase.data_ptr


class Sharing:
    """The pattern of sharing that a graph was made for, and a quick test of it.

    Tensors of the outside mostly stay where they are: one of the same sizes and strides at the same address covers the
    same bytes. So the test compares their addresses, and looks for the memory of the other inputs among theirs, but for
    those that are made for the call.
    """

    def __init__(self, program: Program) -> None:
        still = {id(guard.source) for guard in program.guards if is_static(guard.constant)}
        self.still = [i for i, s in enumerate(program.sources) if id(s) in still and not from_argument(s)]
        made = {i for i, s in enumerate(program.sources) if s.parent and isinstance(s.parent.read, Structure)}
        self.moving = sorted({*range(len(program.sources))} - {*self.still} - made)
        self.pattern: tuple[int, ...] | None = None
        self.addresses: list[int] | None = None
        self.spans: list[Span] = []

    def holds(self, flat: list[Any]) -> bool:
        """Whether inputs share memory as they did at the first call; looks at all of them."""
        pattern = memory(flat)
        if self.pattern is None:
            self.pattern = pattern
        if pattern != self.pattern:
            return False
        alone = all(pattern.count(pattern[i]) == 1 for i in self.moving)
        self.addresses = [data_ptr(flat[i]) for i in self.still] if alone else None
        self.spans = merged([extent(flat[i]) for i in self.still if flat[i].numel()])
        return True

    def holds_still(self, flat: list[Any]) -> bool:
        """The same; the quick test if that is enough."""
        if self.addresses is None or [data_ptr(flat[i]) for i in self.still] != self.addresses:
            return self.holds(flat)
        found: list[Span] = []
        for index in self.moving:
            value = flat[index]
            if isinstance(value, torch.Tensor) and value.numel():
                span = extent(value)
                if among(self.spans, span) or any(overlap(span, other) for other in found):
                    return self.holds(flat)
                found.append(span)
        return True


def is_static(facts: Any) -> bool:
    """Whether these are facts about a tensor whose sizes and strides are known."""
    return isinstance(facts, TensorFacts) and None not in facts.shape and facts.stride is not None


def from_argument(source: Source) -> bool:
    """Whether a value is reached from an argument."""
    while source.parent is not None:
        source = source.parent
    return isinstance(source.read, Argument)


def merged(spans: list[Span]) -> list[Span]:
    """The same bytes as spans that do not overlap, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def among(spans: list[Span], span: Span) -> bool:
    """Whether a span overlaps one of these, which are in order and do not overlap each other."""
    after = bisect.bisect_left(spans, (span[1], 0))
    return after > 0 and overlap(spans[after - 1], span)


def memory(flat: list[Any]) -> tuple[int, ...]:
    """Which inputs share memory: for each the first that it shares with."""
    extents = [extent(v) if isinstance(v, torch.Tensor) and v.numel() else None for v in flat]
    made: list[int] = []
    for index, mine in enumerate(extents):
        shared = (i for i, other in enumerate(extents[:index]) if mine and other and overlap(mine, other))
        made.append(next(shared, index))
    return tuple(made)
