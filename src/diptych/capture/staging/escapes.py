"""Escapes: an exception that a tensor decides on leaves for a handler; what follows runs where it did not happen.

`divert(raised, error)` begins that: from then on everything is traced into a region of its own, up to the end of the
innermost scope (a side of a branch, or the body of a `try`). There the region is joined with the path that raised.
"""

from __future__ import annotations

from typing import Any

from diptych.capture.completion import Completion, Raising, Split
from diptych.capture.regions import Region
from diptych.capture.staging.core import Core, Side, Thrown
from diptych.capture.values import Scalar


class Opened:
    """A region in which an exception did not happen, and what was in force before it."""

    def __init__(self, raised: Scalar, error: Completion, region: Region, layer: Any, saved: Any, facts: Any) -> None:
        self.raised, self.error = raised, error
        self.region, self.layer = region, layer
        self.saved, self.facts = saved, facts


class Scope:
    """What an exception leaves: at its end the regions that were opened inside are closed."""

    def __init__(self, passes: bool = True) -> None:
        self.passes = passes
        self.opened: list[Opened] = []


class Escapes(Core):
    """Paths on which an exception is on its way."""

    scopes: list[Scope]

    def merge_sides(self, sides: tuple[Side, Side], pred: Scalar) -> Side:
        """Join two sides that end here: how they go on together."""
        raise NotImplementedError

    def divert(self, raised: Any, error: Completion) -> None:
        """From here on, `raised` does not hold; where it does, `error` is on its way."""
        if isinstance(raised, bool):
            if raised:
                raise Thrown(error)
            return
        scope = self.scopes[-1] if self.scopes else None
        if scope is None or not scope.passes:
            raise self.tape.refuse(
                "raise-in-try", "an exception leaves a loop, a recursion, or a manager without source"
            )
        self.count_path()
        tape = self.tape
        layer = tape.trail.open()
        layer.stays = True
        for frame in self.frames:
            for place in frame.values():
                layer.touch(place)
        opened = Opened(
            raised, error, Region(tape.region), layer, (tape.region, tape.assumed, tape.truths), tape.facts()
        )
        scope.opened.append(opened)
        tape.region = opened.region
        tape.assumed, tape.truths = {**tape.assumed, raised.node: False}, dict(tape.truths)
        if raised.negated is not None:
            tape.assumed[raised.negated.node] = True

    def close_scope(self, scope: Scope, end: Side) -> None:
        """Join everything that was diverted inside; `end` is how the scope ends on all paths."""
        tape = self.tape
        while scope.opened:
            opened = scope.opened.pop()
            end.region, end.holds = opened.region, False
            end.changes = tape.trail.close(opened.layer)
            self.leave(opened)
            gone = Side(Region(tape.region), True)
            gone.thrown, gone.escape = True, (True, opened.error)
            merged = self.merge_sides((gone, end), opened.raised)
            end.done, end.diverged, end.thrown, end.escape = merged.done, merged.diverged, merged.thrown, merged.escape

    def discard(self, scope: Scope) -> None:
        """The scope is left by something else: as if nothing had been diverted."""
        while scope.opened:
            opened = scope.opened.pop()
            layers = self.tape.trail.layers
            for depth, layer in enumerate(layers):
                if layer is opened.layer:
                    self.tape.trail.rewind(depth)
                    break
            self.leave(opened)

    def leave(self, opened: Opened) -> None:
        """Back to the region around an opened one."""
        self.tape.region, self.tape.assumed, self.tape.truths = opened.saved
        self.tape.restore(opened.facts)

    def raised(self, outcome: Completion) -> Any:
        """Whether an exception is on its way."""
        if isinstance(outcome, Split):
            return self.stage_value(
                outcome.pred, lambda: self.raised(outcome.then), lambda: self.raised(outcome.orelse)
            )
        return isinstance(outcome, Raising)


def raises(outcome: Completion) -> bool:
    """Whether on some path an exception is on its way."""
    if isinstance(outcome, Split):
        return raises(outcome.then) or raises(outcome.orelse)
    return isinstance(outcome, Raising)


def part(outcome: Completion, raising: bool) -> Completion:
    """The paths on which an exception is on its way, or the others."""
    if not isinstance(outcome, Split):
        return outcome
    then, orelse = part(outcome.then, raising), part(outcome.orelse, raising)
    kept = [p for p, side in ((then, outcome.then), (orelse, outcome.orelse)) if has(side, raising)]
    return kept[0] if len(kept) == 1 else Split(outcome.pred, then, orelse)


def has(outcome: Completion, raising: bool) -> bool:
    """Whether there is a path that raises, or one that does not."""
    if isinstance(outcome, Split):
        return has(outcome.then, raising) or has(outcome.orelse, raising)
    return isinstance(outcome, Raising) == raising
