"""Calls that need no look at the graphs, because the imperative program was measured to be the fastest way."""

from __future__ import annotations

from diptych.hybrid.tiers import Turn

LOOKS = 4
"""After how many calls in a row that are best run imperatively the graphs are not looked at for a while."""
PAUSE = 32
"""For how many calls, the first time; twice as many each next time."""
LONGEST = 4096


class Rest:
    """How many calls are imperative without a look at the graphs."""

    def __init__(self) -> None:
        self.waiting = self.looks = 0
        self.pause = PAUSE

    def look(self, turn: Turn) -> None:
        """A call was found to be run imperatively; what it rests for counts as calls of its type."""
        if turn.timed or not turn.choice.final():
            return
        self.looks += 1
        if self.looks >= LOOKS:
            self.looks = 0
            self.waiting = self.pause
            self.pause = min(2 * self.pause, LONGEST)
            turn.choice.trial.calls += self.waiting

    def end(self) -> None:
        """A call was found to be run by a graph."""
        self.looks, self.pause = 0, PAUSE
