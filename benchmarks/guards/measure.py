"""Times of a call, imperative and hybridized in turns; and of the check of a graph's guards."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import diptych
from benchmarks.guards.programs import ResNet50, TwoLayers


@dataclasses.dataclass(frozen=True)
class Guarded:
    """A program that a graph serves: medians, in microseconds.

    `guards` is what the check of the guards takes when it is repeated, `guards_in_use` as part of calls, after whose
    work little of it is left in the processor's caches.
    """

    program: str
    facts: int
    guards: float
    guards_in_use: float
    imperative: float
    hybrid: float

    @property
    def ratio(self) -> float:
        """The hybridized call's time by the imperative one's."""
        return self.hybrid / self.imperative


@dataclasses.dataclass(frozen=True)
class GivenUp:
    """A program that is imperative although hybridized: medians, in microseconds; the ratio of times taken in pairs."""

    program: str
    refusal: str
    imperative: float
    hybrid: float
    ratio: float


def in_turns(functions: list[Callable[[], Any]], rounds: int, seconds: float = 0.002) -> list[list[float]]:
    """Microseconds per call of each function, one entry a round; each is called for about so many seconds a round."""
    counts: list[int] = []
    for function in functions:
        spent: list[float] = []
        for _ in range(5):
            start = time.perf_counter()
            function()
            spent.append(time.perf_counter() - start)
        counts.append(max(1, int(seconds / min(spent))))
    times: list[list[float]] = [[] for _ in functions]
    for number in range(rounds):
        order = list(enumerate(functions))
        for index, function in order if number % 2 else reversed(order):
            start = time.perf_counter_ns()
            for _ in range(counts[index]):
                function()
            times[index].append((time.perf_counter_ns() - start) / counts[index] / 1000)
    return times


def guarded(name: str, net: nn.Module, x: Tensor, rounds: int) -> Guarded:
    """The cost of the guards of a module."""
    program = diptych.hybridize(net, backend="eager")
    for _ in range(20):
        program(x)
    hybrid = program._hybrid
    if hybrid.stats.imperative_calls:
        raise RuntimeError(f"{name} is not served by a graph: {hybrid.stats.refusals}")
    (entry,) = hybrid.entries
    roots = hybrid.bind(x)
    roots.function = net
    fast = entry.fast
    if fast is None or fast(roots) is None:
        raise RuntimeError(f"the guards of {name} do not hold")
    times = in_turns([lambda: fast(roots), lambda: net(x), lambda: program(x)], rounds)
    guards, imperative, whole = map(statistics.median, times)
    return Guarded(name, len(entry.program.guards), guards, entry.guard_cost() or guards, imperative, whole)


def given_up(
    name: str, function: Callable[..., Any], arguments: Callable[[int], tuple[Any, ...]], rounds: int
) -> GivenUp:
    """The cost of having been hybridized, for a program that is called imperatively."""
    program = diptych.hybridize(function, backend="eager")
    for number in range(2000):
        program(*arguments(number))
    before = program.stats.graph_calls
    calls = iter(range(2000, 10**9))
    times = in_turns([lambda: function(*arguments(next(calls))), lambda: program(*arguments(next(calls)))], rounds)
    if program.stats.graph_calls != before or not program.stats.refusals:
        raise RuntimeError(f"{name} was not given up")
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    kind = program._hybrid.refused[-1].refusal
    return GivenUp(name, kind, statistics.median(times[0]), statistics.median(times[1]), ratio)


def through_numpy(x: Tensor) -> Tensor:
    """A program that cannot be captured."""
    return torch.from_numpy(torch.tanh(x @ x).numpy() * 2)


def spelled(x: Tensor, word: str) -> Tensor:
    """A program that needs a graph for each word."""
    return torch.tanh(x @ x) * len(word)


def all_guarded(rounds: int, width: int) -> list[Guarded]:
    """The two modules."""
    torch.manual_seed(0)
    return [
        guarded("two layers", TwoLayers(), torch.randn(4, 8), rounds),
        guarded("ResNet-50, training", ResNet50(width), torch.randn(2, 3, 32, 32), rounds),
        guarded("ResNet-50, inference", ResNet50(width).eval(), torch.randn(2, 3, 32, 32), rounds),
    ]


def all_given_up(rounds: int) -> list[GivenUp]:
    """Programs that are imperative for two reasons: small ones, and ones of a hundred microseconds."""
    found: list[GivenUp] = []
    for size in (8, 128):
        x = torch.randn(size, size) / size
        found.append(given_up(f"refused, {size} x {size}", through_numpy, lambda number, x=x: (x,), rounds))
        name = f"more graphs than are kept, {size} x {size}"
        found.append(given_up(name, spelled, lambda number, x=x: (x, f"word {number}"), rounds))
    return found
