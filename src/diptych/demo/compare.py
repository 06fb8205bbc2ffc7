"""Do two trainings agree: every loss of every step, every answer, every weight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diptych.demo.train import Answers, Epoch

CLOSE = 1e-5
"""The largest difference, relative to values above 1 and absolute below, that rounding may explain."""


@dataclass(frozen=True)
class Agreement:
    """How far apart the two sides of `what` are: over `count` numbers the largest difference is `largest`."""

    what: str
    count: int
    largest: float

    @property
    def holds(self) -> bool:
        """Whether the sides are equal, or differ by no more than rounding."""
        return self.largest <= CLOSE

    def __str__(self) -> str:
        if self.largest == 0:
            return f"{self.what}: all {self.count} equal, bit for bit"
        verdict = "equal up to rounding" if self.holds else "NOT equal"
        return f"{self.what}: {self.count} numbers {verdict}, largest difference {self.largest:.2e}"


def trainings(one: Sequence[Epoch], other: Sequence[Epoch]) -> list[Agreement]:
    """Losses and rounds of every step, and the answers to the test images after every epoch."""
    return [
        numbers("losses of the training steps", _flat(e.losses for e in one), _flat(e.losses for e in other)),
        numbers("rounds of the training steps", _flat(e.rounds for e in one), _flat(e.rounds for e in other)),
        *answers([e.answers for e in one], [e.answers for e in other]),
    ]


def answers(one: Sequence[Answers], other: Sequence[Answers]) -> list[Agreement]:
    """Logits and rounds for every test image."""
    return [
        tensors("logits of the test images", [a.logits for a in one], [a.logits for a in other]),
        numbers("rounds of the test images", _flat(a.rounds for a in one), _flat(a.rounds for a in other)),
    ]


def tensors(what: str, one: Iterable[Tensor], other: Iterable[Tensor]) -> Agreement:
    """Two sequences of tensors, number by number."""
    return numbers(what, *(torch.cat([t.detach().reshape(-1) for t in side]).tolist() for side in (one, other)))


def numbers(what: str, one: Sequence[float], other: Sequence[float]) -> Agreement:
    """Two sequences of numbers; a different length, or NaN on one side only, is infinitely far apart."""
    if len(one) != len(other):
        return Agreement(what, max(len(one), len(other)), math.inf)
    return Agreement(what, len(one), max(map(_distance, one, other), default=0.0))


def _distance(a: float, b: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    distance = abs(a - b) / max(1.0, abs(a), abs(b))
    return math.inf if math.isnan(distance) else distance


def _flat(lists: Iterable[Sequence[float]]) -> list[float]:
    return [number for numbers in lists for number in numbers]
