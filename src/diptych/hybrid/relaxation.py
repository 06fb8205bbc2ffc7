"""What a capture leaves open, and how that grows from graph to graph.

Each number and each size that a graph relies on stands on a lattice: first a constant under a guard, then open (a
number is an input of the graph, a size is symbolic). It is opened when it has been seen to vary: between the observed
call and the first captured one, or when a guard on it failed; when the program itself updates it; or when a scheduler
is going to. What is open stays open for all later graphs of the program, so nothing goes back and forth, and there can
be no more relaxations than there are numbers and sizes. (Where a capture with all of it open is refused, one with less
is tried for that call, without closing anything for later ones.) Items of a list are alike: what varied in one is open
in all.
"""

from __future__ import annotations

from typing import Any

from diptych.capture.guards import Guard
from diptych.capture.program import Program, Roots
from diptych.capture.sources import Item, every_item
from diptych.hybrid.entry import Entry

LOOSENING_LIMIT = 3
"""How often a program is captured again because of numbers that the last graph took as constants."""


class Relaxation:
    """What of one program is open."""

    def __init__(self) -> None:
        self.varied: dict[str, Any] = {}

    def attempts(self, entries: list[Entry], context: Any, roots: Roots) -> list[dict[str, Any]]:
        """What to leave open: all that ever varied, then what one graph lacks for this call, then nothing."""
        found: list[dict[str, Any]] = []
        for entry in entries:
            if entry.context != context:
                continue
            differing = entry.differences(roots)
            known = {**entry.vary, **entry.structures()}
            self.varied = opened(opened(self.varied, known, alike=True), differing or {}, alike=True)
            if differing is not None:
                merged = opened(known, differing)
                if merged not in found and merged != entry.vary:
                    found.append(merged)
        found.sort(key=len)
        varied = self.varied
        return [*([varied] if varied else []), *found[: 1 if varied else 2], {}]


def unsteady(program: Program, roots: Roots) -> dict[str, Any]:
    """Numbers that will differ at the next call: the program updates them itself, or a scheduler does.

    With a counter left open, a flag that depends on it may turn out to be updated too.
    """
    updated = {u.path for u in program.updates}
    found: dict[str, Any] = {}
    for guard in program.guards:
        path, kind = guard.source.path, type(guard.constant)
        writes = kind in (int, float, bool) and (path in updated or path.rsplit("[", 1)[0] in updated)
        if writes or (kind is float and scheduled(guard, roots)):
            found[path] = "number"
    return found


def scheduled(guard: Guard, roots: Roots) -> bool:
    """Whether a number is the learning rate of a parameter group to which a scheduler of torch is attached."""
    source = guard.source
    if source.parent is None or source.read != Item("lr"):
        return False
    group = source.parent.fetch(roots)
    return isinstance(group, dict) and "initial_lr" in group and "params" in group


def opened(vary: dict[str, Any], more: dict[str, Any], alike: bool = False) -> dict[str, Any]:
    """What is left open, and more; with `alike`, the numbers at the same places of all items of a list."""
    made = dict(vary)
    for path, what in more.items():
        key = every_item(path) if alike and what == "number" else path
        old = made.get(key)
        made[key] = tuple(sorted({*old, *what})) if isinstance(old, tuple) and isinstance(what, tuple) else what
    return made
