"""One program trained twice in turns, imperatively and hybridized: do the steps agree, and how long do they take?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

import diptych
from benchmarks.janus import actor_critic, gan, lstm, ppo, treelstm
from benchmarks.janus.job import Job

PROGRAMS: dict[str, Callable[[bool], Job]] = {
    "lstm": lstm.make,
    "treelstm": treelstm.make,
    "actor-critic": actor_critic.make,
    "ppo": ppo.make,
    "gan": gan.make,
}

TOLERANCE = {"treelstm": (1e-5, 1e-3)}
"""How far results and state may be apart; 0 for the other programs. Cells of trees are batched, and a product of many
rows may differ in its last bits from those of single rows; where a gradient is almost zero, the first steps of Adagrad,
which divide by its size, make much more of that in a weight than in the loss."""

SERVED, IMPERATIVE = "graph", "imperative"


@dataclass(frozen=True)
class Comparison:
    """`first_difference` is the first step after which results, state or random stream differ, or None: in any bit,
    or beyond the tolerance of the program.

    `served` says for each step whether a graph served it; seconds are medians over the steps after the warm-up.
    """

    program: str
    steps: int
    warm_up: int
    first_difference: int | None
    served: list[str]
    graphs: int
    graph_calls: int
    imperative_calls: int
    fallbacks: int
    refusals: list[str]
    imperative_seconds: float
    hybrid_seconds: float
    imperative_warm_up_seconds: float
    hybrid_warm_up_seconds: float

    @property
    def ratio(self) -> float:
        """How many times faster than the imperative program."""
        return self.imperative_seconds / self.hybrid_seconds


def compare(name: str, steps: int, warm_up: int, small: bool = False) -> Comparison:
    """Train `warm_up` and then `steps` steps, in turns, from the same seeds."""
    jobs: list[Job] = []
    for _ in range(2):
        torch.manual_seed(0)
        jobs.append(PROGRAMS[name](small))
    hybrid = diptych.hybridize(jobs[1].step, backend="eager")
    seconds: tuple[list[float], list[float]] = ([], [])
    served: list[str] = []
    first_difference = None
    for number in range(warm_up + steps):
        before = hybrid.stats.graph_calls
        outcomes: list[Any] = [None, None]
        for which in (0, 1) if number % 2 else (1, 0):
            arguments = jobs[which].arguments(number)
            torch.manual_seed(1000 + number)
            begin = time.perf_counter()
            result = (jobs[0].step, hybrid)[which](*arguments)
            seconds[which].append(time.perf_counter() - begin)
            outcomes[which] = [result, torch.get_rng_state(), jobs[which].state()]
        served.append(SERVED if hybrid.stats.graph_calls > before else IMPERATIVE)
        of_results, of_state = TOLERANCE.get(name, (0.0, 0.0))
        tolerances = (of_results, 0.0, of_state)
        if first_difference is None and not all(map(same, *outcomes, tolerances)):
            first_difference = number
    stats = hybrid.stats
    return Comparison(
        name, steps, warm_up, first_difference, served,
        stats.graphs, stats.graph_calls, stats.imperative_calls, stats.fallbacks, list(stats.refusals),
        statistics.median(seconds[0][warm_up:]), statistics.median(seconds[1][warm_up:]),
        sum(seconds[0][:warm_up]), sum(seconds[1][:warm_up]),
    )  # fmt: skip


def same(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    """Equal in structure, and bit for bit in the tensors, or to a tolerance."""
    leaves, spec = pytree.tree_flatten(one)
    others, other_spec = pytree.tree_flatten(other)
    return spec == other_spec and all(same_leaf(a, b, tolerance) for a, b in zip(leaves, others, strict=True))


def same_leaf(a: Any, b: Any, tolerance: float) -> bool:
    """NaN equals NaN here."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and torch.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
        )
    return a == b or (a != a and b != b)
