"""From times to figures: medians, ratios with their spread, time until full speed, difference from imperative."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import numpy as np

from benchmarks.speed.measure import FIRST_CALLS, Raw

SLOWER = 0.97
"""A ratio below this one is marked."""
WINDOW = 10, 0.02
"""Times are looked at in windows of at least so many calls and so many seconds."""
OTHER_DRAWS = ("compile", "max-autotune", "jax")
"""Peers that draw other random numbers than imperative PyTorch from the same seed."""
NEAR = 1.25
"""Full speed: the median of a window is at most so many times that of the last calls before the rounds."""


@dataclass(frozen=True)
class Outcome:
    """A peer on a program; seconds and bytes. None: not known.

    `ratio`: how many times faster than imperative PyTorch, the median over the rounds, with quartiles in `spread`.
    `first_calls` is the sum of the first 200 calls, preparing included; of these `measured` were made before time was
    over, and the others are taken to be as fast as in the rounds. `until_full_speed` counts from the first call on.
    `memory` is the peak in the rounds, `cold_memory` that before, both beyond what the process had when the program was
    made and the peer's library loaded; `library` is what loading took, if the program had not needed it before.
    `own_draws`: it draws random numbers, and the peer from a stream of its own, so that `right` says nothing.
    `difference` is the largest from an imperative result of the first steps, relative to the largest entry of it.
    """

    program: str
    peer: str
    training: bool
    own_draws: bool
    problem: str | None = None
    right: bool | None = None
    difference: float | None = None
    first_call: float | None = None
    until_full_speed: float | None = None
    first_calls: float | None = None
    measured: int = 0
    steady: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    first_calls_ratio: float | None = None
    library: int | None = None
    cold_memory: int | None = None
    memory: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def slow(self) -> bool:
        """Slower than imperative, steadily or over the first calls."""
        return any(ratio is not None and ratio < SLOWER for ratio in (self.ratio, self.first_calls_ratio))


def outcomes(program: str, raws: list[Raw]) -> list[Outcome]:
    """Those of all peers; the first one is the imperative."""
    return [outcome(program, raw, raws[0]) for raw in raws]


def outcome(program: str, raw: Raw, imperative: Raw) -> Outcome:
    """The figures of one peer."""
    known = (program, raw.peer, imperative.about["training"], imperative.about["draws"] and raw.peer in OTHER_DRAWS)
    if raw.problem is not None:
        return Outcome(*known, problem=raw.problem)
    means = [sum(block) / len(block) for block in raw.blocks]
    own = [sum(block) / len(block) for block in imperative.blocks]
    ratios = [theirs / mine for theirs, mine in zip(own, means, strict=True)]
    steady, off = median(means), difference(raw.results, imperative.results)
    first, theirs = sum_of_first(raw, steady), sum_of_first(imperative, median(own))
    return Outcome(
        *known,
        right=off <= imperative.about["tolerance"],
        difference=off,
        first_call=raw.times[0],
        until_full_speed=until_full_speed(raw, steady),
        first_calls=first,
        measured=raw.first_calls,
        steady=steady,
        ratio=median(ratios),
        spread=spread(ratios),
        first_calls_ratio=theirs / first,
        library=raw.library,
        cold_memory=raw.cold_memory,
        memory=raw.memory,
        facts=raw.facts,
    )


def sum_of_first(raw: Raw, steady: float) -> float:
    """Seconds of the first 200 calls; those that there was no time for count as steady ones."""
    return sum(raw.times[: raw.first_calls]) + (FIRST_CALLS - raw.first_calls) * steady


def spread(ratios: list[float]) -> tuple[float, float]:
    """The first and the third quartile."""
    if len(ratios) < 2:
        return ratios[0], ratios[0]
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return low, high


def until_full_speed(raw: Raw, steady: float) -> float | None:
    """When the first call of full speed began, after which nine windows of ten keep it; None if there is none.

    The measure is the end of the calls that the peer made alone: the machine was then as busy with other things as a
    moment before. But if the rounds were much faster, full speed was not yet reached.
    """
    times = np.array(raw.times)
    calls, seconds = WINDOW
    full = float(np.median(times[-max(calls, len(times) // 4) :]))
    if full > 1.5 * steady:
        return None
    width = min(max(calls, int(seconds / full)), len(times))
    near = np.median(np.lib.stride_tricks.sliding_window_view(times, width), axis=1) <= NEAR * full
    share = np.cumsum(near[::-1])[::-1] / np.arange(len(near), 0, -1)
    reached = np.flatnonzero(near & (share >= 0.9) & (times[: len(near)] <= NEAR * full))
    if not len(reached):
        return None
    first = int(reached[0])
    return raw.ends[first] - raw.times[first]


def difference(found: list[list[Any]], expected: list[list[Any]]) -> float:
    """The largest relative one; infinite if there are other results than expected. NaN equals NaN.

    A peer that was late may have made fewer steps.
    """
    worst = 0.0
    for mine, theirs in zip(found, expected, strict=False):
        if [np.shape(a) for a in mine] != [np.shape(b) for b in theirs]:
            return math.inf
        for a, b in zip(mine, theirs, strict=True):
            if not np.array_equal(np.isnan(a), np.isnan(b)):
                return math.inf
            if np.size(b):
                scale = max(float(np.nanmax(np.abs(b), initial=0.0)), 1e-6)
                worst = max(worst, float(np.nanmax(np.abs(a - b), initial=0.0)) / scale)
    return worst


def geometric_mean(values: list[float]) -> float:
    """NaN of none."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan
