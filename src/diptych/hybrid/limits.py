"""When a program stops being captured, and when its graphs stop being tried.

| limit | then |
|---|---|
| `GRAPH_LIMIT` graphs | no more are captured; calls that none of them fits are imperative |
| `REFUSAL_LIMIT` failed captures | no more are tried |
| `MISS_LIMIT` more calls without a graph than with one, after that | `PAUSE` calls are imperative without a look at |
| | the graphs, and twice as many each next time |

So what looking for a graph in vain costs goes to zero, and a program whose calls fit its graphs again is served again.
"""

from __future__ import annotations

from collections.abc import Iterable

from diptych.capture.refusals import Refused

GRAPH_LIMIT = 24
"""How many graphs of one program are kept."""
REFUSAL_LIMIT = 8
"""After how many failed captures no more are tried."""
MISS_LIMIT = 8
"""How many more calls may find no graph than find one, when no more can be captured."""
PAUSE = 32
"""How many calls are imperative without a look at the graphs, the first time."""
SHOWN = 3


class Patience:
    """Whether it is worth to look for a graph that fits a call."""

    def __init__(self) -> None:
        self.misses = 0
        self.pause = PAUSE
        self.waiting = 0

    def hit(self) -> None:
        """A graph served a call."""
        self.misses -= 1
        if not self.misses:
            self.pause = PAUSE

    def miss(self) -> None:
        """A call found no graph, or its graph could not finish it."""
        self.misses += 1
        if self.misses >= MISS_LIMIT:
            self.misses = MISS_LIMIT - 1
            self.waiting = self.pause
            self.pause *= 2


def too_many_graphs(reasons: Iterable[str]) -> Refused:
    """What is said when the limit of graphs is reached; `reasons` are the guards that made them necessary."""
    found = list(reasons)[-SHOWN:]
    differing = f"; guards that did not hold: {', '.join(found)}" if found else ""
    return Refused("too-many-graphs", f"{GRAPH_LIMIT} graphs{differing}")


def changing_paths(count: int) -> Refused:
    """What is said when the graphs of single paths fit hardly a call."""
    return Refused("changing-paths", f"{count} graphs of single paths")
