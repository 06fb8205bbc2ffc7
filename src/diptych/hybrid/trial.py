"""Which of several ways to run the same calls is the fastest: measured in turns, on the calls themselves.

Medians of interleaved calls are compared, so that what slows the machine down for a while slows all ways down. A call
costs what it takes itself, and what the backward pass through its results takes, as often as there is one.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

TRIALS = 5
"""How many calls of each way are timed before one is chosen."""
MARGIN = 0.97
"""What a way has to cost, relative to the one kept in doubt, to be chosen."""
REVIEW = 500
"""After how many calls, at least, all ways are measured again."""
EXPENSE = 0.01
"""How much of the time measuring again may cost."""
WATCHED = 64
"""Of so many calls by the way chosen one is timed."""
DRIFT = 1.5
"""From how many times its cost on, by the last timed calls, a way is not taken to be the fastest any longer."""


@dataclass
class Sample:
    """What one call took, in seconds; None if there was no backward pass yet."""

    call: float
    backward: float | None = None


@dataclass
class Way:
    """What is known about one way."""

    samples: list[Sample] = field(default_factory=list)
    turns: int = 0
    cost: float | None = None


class Trial:
    """The ways to run calls of one type: the first is kept in doubt, `chosen` is empty while they are measured."""

    def __init__(self, ways: list[str]) -> None:
        self.known = ways
        self.lock = threading.Lock()
        self.chosen = ""
        self.calls = self.due = 0
        self.begin(ways)

    def begin(self, ways: list[str]) -> None:
        """Measure these ways, from now on."""
        self.measured: dict[str, Way] = {name: Way() for name in ways}
        self.chosen = ways[0] if len(ways) == 1 else ""
        self.calls, self.due = 0, REVIEW
        self.seen: list[Sample] = []

    def add(self, name: str) -> None:
        """One more way, measured against the best of the others."""
        with self.lock:
            others = [known for known in self.known if known != name]
            self.known = [*others, name]
            self.begin([self.chosen, name] if self.chosen in others else self.known)

    def remove(self, name: str) -> None:
        """A way that is not there any longer."""
        with self.lock:
            if name in self.known:
                self.known = [known for known in self.known if known != name]
                self.begin(self.known)

    def turn(self) -> tuple[str, bool]:
        """By what way the next call runs, and whether it is timed."""
        with self.lock:
            if not self.chosen:
                self.decide()
            elif len(self.known) > 1:
                self.calls += 1
                if self.calls >= self.due or self.drifted():
                    self.begin(self.known)
            if self.chosen:
                return self.chosen, self.calls % WATCHED == WATCHED - 1 and len(self.known) > 1
            name = min(self.measured, key=lambda known: self.measured[known].turns)
            self.measured[name].turns += 1
            return name, True

    def asks(self, name: str) -> Callable[[], bool]:
        """What counts a call by the way chosen, unless `turn` has to be asked about it."""

        def ask() -> bool:
            calls = self.calls + 1
            if self.chosen != name or calls >= self.due or calls % WATCHED == WATCHED - 1:
                return True
            self.calls = calls
            return False

        return ask

    def note(self, name: str, seconds: float) -> Sample:
        """A call that was timed; the backward pass is written into the result if there comes one."""
        sample = Sample(seconds)
        with self.lock:
            if not self.chosen and name in self.measured:
                self.measured[name].samples.append(sample)
            elif name == self.chosen:
                self.seen = [*self.seen[1 - TRIALS :], sample]
        return sample

    def decide(self) -> None:
        """Choose, if enough was measured."""
        ways = self.measured
        if any(way.turns < TRIALS for way in ways.values()):
            return
        late = all(way.turns >= 3 * TRIALS for way in ways.values())
        samples = [sample for way in ways.values() for sample in way.samples]
        backwards = [sample for sample in samples if sample.backward is not None]
        share = len(backwards) / len(samples) if samples else 0.0
        costs = {name: cost(way.samples, share) for name, way in ways.items()}
        if not late and any(value is None for value in costs.values()):
            return
        known = {name: float("inf") if value is None else value for name, value in costs.items()}
        first = next(iter(ways))
        best = min(known, key=lambda name: known[name])
        self.chosen = best if known[best] < MARGIN * known[first] else first
        for name, way in ways.items():
            way.cost = costs[name]
        self.calls, self.seen = 0, []
        others = sum(value for name, value in known.items() if name != self.chosen and value != float("inf"))
        price = TRIALS * others / (EXPENSE * known[self.chosen]) if 0 < known[self.chosen] < float("inf") else 0
        self.due = max(REVIEW, int(price))

    def drifted(self) -> bool:
        """Whether the way chosen has become much slower than it was."""
        before = self.measured[self.chosen].cost if self.chosen in self.measured else None
        if before is None or len(self.seen) < TRIALS:
            return False
        passes = sum(sample.backward is not None for sample in self.seen)
        now = cost(self.seen, passes / len(self.seen))
        return now is not None and now > DRIFT * before

    def costs(self) -> dict[str, float]:
        """What a call cost by each way when they were last compared, in seconds."""
        return {name: way.cost for name, way in self.measured.items() if way.cost is not None}


def cost(samples: list[Sample], share: float) -> float | None:
    """What a call costs of which `share` have a backward pass; None if that was not measured."""
    if not samples:
        return None
    passes = [sample.backward for sample in samples if sample.backward is not None]
    if share and not passes:
        return None
    return statistics.median(s.call for s in samples) + (share * statistics.median(passes) if share else 0.0)
