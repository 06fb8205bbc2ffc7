"""What a hybridized program has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Stats:
    """Counters of a hybridized program.

    `graphs`: graphs captured. `graph_calls`: calls served by a graph. `imperative_calls`: calls run imperatively.
    `observed_calls`: how many of these were observed. `fallbacks`: how many of these began as a graph. `refusals`: why
    captures were refused.
    """

    graphs: int = 0
    graph_calls: int = 0
    imperative_calls: int = 0
    observed_calls: int = 0
    fallbacks: int = 0
    refusals: list[str] = field(default_factory=list)
