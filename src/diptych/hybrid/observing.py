"""Observed calls: the first calls of a program are imperative, and what they do is known to the first capture."""

from __future__ import annotations

import threading
from typing import Any

from diptych.capture.guards import Guard
from diptych.capture.profiler import LineProfile, Profiler
from diptych.capture.program import Roots
from diptych.capture.snapshot import Snapshot

OBSERVED_CALLS = 1
"""How many calls are observed. One is what it takes: state that only exists after a first call (an optimizer's, a
cache, a lazily made layer) is there at the second, and what differs between two calls is known. Every further one would
be a call without a graph; what changes later is found by guards, and relaxed then."""


class Observing:
    """The observed calls of one program."""

    def __init__(self, wanted: bool) -> None:
        self.left = OBSERVED_CALLS if wanted else 0
        self.profiler = Profiler()
        self.before: Snapshot | None = None
        self.lock = threading.Lock()

    def begin(self) -> bool:
        """Whether this call is observed."""
        with self.lock:
            if not self.left:
                return False
            self.left -= 1
            return True

    def run(self, function: Any, roots: Roots, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """An imperative call, observed."""
        self.before = Snapshot(roots)
        return self.profiler.run(function, args, kwargs)

    def changed(self, guards: list[Guard]) -> dict[str, Any]:
        """What was different at the observed call from what a graph takes to be constant."""
        return self.before.differences(guards) if self.before is not None else {}

    @property
    def lines(self) -> dict[tuple[str, int], LineProfile]:
        """What was seen, by file and line."""
        return self.profiler.lines
