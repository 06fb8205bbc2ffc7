"""Merging: what the two sides of a branch leave behind becomes one content for every place, and one `cond` node."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable
from typing import Any

import torch

from diptych.capture.completion import Completion, Goto, Raising, Returning, Split
from diptych.capture.interpreter import Frame
from diptych.capture.node_effects import effectful
from diptych.capture.staging.core import Diverged, Side
from diptych.capture.staging.escapes import Escapes
from diptych.capture.staging.joins import ABSENT, Join, StoreContent
from diptych.capture.staging.mixtures import mixture
from diptych.capture.tensors import Store, handle
from diptych.capture.trail import MISSING, AttributePlace, CellPlace, ContentsPlace, GlobalPlace, GradientPlace
from diptych.capture.values import Scalar, Undefined, Union
from diptych.graph import control
from diptych.graph.regions import union

FALL = Goto(-1)
"""The end of the branch itself (it has no exits)."""


class Merging(Escapes):
    """The end of a branch."""

    def join(
        self,
        sides: tuple[Side, Side],
        pred: Scalar,
        frame: Frame | None,
        live: tuple[str, ...] | None,
        position: int | None,
    ) -> tuple[Completion, Any]:
        """Emit the `cond` and give every place its joined content; go on where no exception is on its way."""
        a, b = sides
        end = b.done if not a.ends else a.done
        own = end in (FALL, None) or (position is not None and end == Goto(position))
        dead: set[Hashable] = set()
        if own and live is not None and not self.handlers:
            dead = {p.key for n, p in (frame or {}).items() if n not in live}
        if isinstance(end, Returning) and self.in_function and frame is not None:
            dead = {p.key for n, p in frame.items() if n not in frame.captured}
        merged = self.merge_sides(sides, pred, dead)
        if merged.diverged:
            raise Diverged
        if merged.escape is not None:
            self.divert(*merged.escape)
        value = merged.done.value if isinstance(merged.done, Returning) else None
        return (None if own else merged.done), value

    def merge_sides(self, sides: tuple[Side, Side], pred: Scalar, dead: Iterable[Hashable] = ()) -> Side:
        """Two sides as one: how it ends, with all places holding their joined content."""
        a, b = sides
        tape = self.tape
        self.settle_newborn(sides)
        end = b.done if not a.ends else a.done
        joined = Join(self, pred, 1 if a.diverged else 0 if b.diverged else None)
        merged = Side(tape.region, True)
        merged.diverged, merged.thrown = a.diverged and b.diverged, not a.ends and not b.ends
        if not merged.thrown:
            only = 1 if not a.ends else 0 if not b.ends else None
            with joined.seen_from(only) if only != joined.only else contextlib.nullcontext():
                merged.done = self.join_ends(joined, sides, pred, end)
        merged.escape = None if merged.diverged else self.join_escapes(joined, sides, pred)
        contents = [] if merged.diverged else self.places(joined, sides, set(dead))
        self.emit_cond(joined, sides, pred)
        for place, content in contents:
            if isinstance(place, Store):
                node, grad, twins = content
                tape.clock += 1
                tape.trail.write(place, (node and node.node, tape.clock, grad, twins))
            else:
                tape.trail.write(place, content)
        joined.settle()
        return merged

    def join_ends(self, joined: Join, sides: tuple[Side, Side], pred: Scalar, end: Completion) -> Completion:
        """How both sides end together, as seen outside them."""
        a, b = sides
        if joined.only is None and not alike(a.done, b.done):
            return self.split(joined, pred, a.done, b.done)
        if isinstance(end, Returning):
            return Returning(joined.value(*(s.done.value if isinstance(s.done, Returning) else None for s in sides)))
        return self.carry(joined, end) if isinstance(end, Split) else end

    def join_escapes(self, joined: Join, sides: tuple[Side, Side], pred: Scalar) -> Any:
        """On which paths an exception is on its way, and which, as seen outside the sides."""
        found = [s.escape for s in sides]
        if not any(found):
            return None
        with joined.seen_from(joined.only):
            raised = joined.value(*(escape is not None and escape[0] for escape in found))
        errors = [escape and self.carry(joined, escape[1], side) for side, escape in enumerate(found)]
        both = all(escape is not None for escape in found)
        return raised, Split(pred, *errors) if both else errors[0] or errors[1]

    def settle_newborn(self, sides: tuple[Side, Side]) -> None:
        """What a side made itself keeps what the side put into it: nothing else knows it yet."""
        for side in sides:
            for change in side.changes.values():
                if self.newborn(change.place, self.tape.region.depth):
                    change.place.set(change.after)

    def places(self, joined: Join, sides: tuple[Side, Side], dead: set[Hashable]) -> list[tuple[Any, Any]]:
        """Every place that a side changed, with its joined content."""
        found: list[tuple[Any, Any]] = []
        changes = [s.changes for s in sides]
        for key in dict.fromkeys([*changes[0], *changes[1]]):
            known = changes[0].get(key) or changes[1][key]
            place = known.place
            if key in dead or self.newborn(place, self.tape.region.depth):
                continue
            a, b = (c[key].after if key in c else known.before for c in changes)
            if isinstance(place, Store):
                found.append((place, self.join_store(joined, place, a, b)))
            elif isinstance(place, ContentsPlace):
                found.append((place, self.join_contents(joined, place, a, b)))
            else:
                a, b = (undefined(place, v) for v in (a, b))
                kept = self.lasting(place) and any(self.is_external(v) for v in (a, b)) and a is not b
                content = joined.union(a, b) if kept and joined.only is None else joined.value(a, b)
                found.append((place, MISSING if isinstance(content, Undefined) else content))
        return found

    def lasting(self, place: Any) -> bool:
        """Whether a place outlives the call, so that which tensor it holds (not only its value) matters."""
        if isinstance(place, GradientPlace):
            return place.owner.external is not None
        return isinstance(place, AttributePlace | GlobalPlace) and (
            isinstance(place, GlobalPlace) or self.outside(place.owner)
        )

    def is_external(self, value: Any) -> bool:
        """Whether a value is a tensor from outside itself."""
        if not isinstance(value, torch.Tensor):
            return False
        it = handle(self.traced(value))
        return it.parent is None and it.store.external is not None

    def join_store(self, joined: Join, place: Store, a: Any, b: Any) -> tuple[Any, bool, Any]:
        """The memory of a tensor that a side has written."""
        grads = [c[2] for c in (a, b)]
        twins = tuple(dict.fromkeys((*a[3], *b[3])))
        if a[0] is None or b[0] is None:
            return None, any(grads), ()
        made = StoreContent(a[0] if joined.only != 1 else b[0])
        pair = (a[0], b[0])
        if joined.only is not None:
            pair = (a[0], ABSENT) if joined.only == 0 else (ABSENT, b[0])
        joined.pairs.append(pair)
        joined.made.append(made)
        return made, any(grads), twins

    def join_contents(self, joined: Join, place: ContentsPlace, a: Any, b: Any) -> Any:
        """What a list, dict or set holds after the branch."""
        for copy in (a, b):  # what a container holds, not the container: nothing else knows it
            self.born[id(copy)] = self.tape.region.depth + 1
            self.kept.append(copy)
        content = joined.value(a, b)
        if isinstance(content, Union):
            content = mixture(place.owner, content)
        return list(content) if isinstance(content, list) else content

    def emit_cond(self, joined: Join, sides: tuple[Side, Side], pred: Scalar) -> None:
        """Close the regions and emit the node."""
        tape = self.tape
        outputs: list[list[Any]] = []
        for index, side in enumerate(sides):
            layer = tape.trail.open()
            for change in side.changes.values():
                tape.trail.write(change.place, change.after)
            with tape.inside(side.region):
                outputs.append(joined.side_outputs(index))
            tape.trail.close(layer)
        if not joined.pairs and not any(effectful(s.region) for s in sides):
            return
        operands = union(s.region for s in sides)
        modules = [s.region.finish(o, operands) for s, o in zip(sides, outputs, strict=True)]
        then, orelse = (tape.region.module(n, m) for n, m in zip(("then", "else"), modules, strict=True))
        node = tape.emit(control.cond, (pred.node, then, orelse, tuple(operands)), None, ())
        joined.bind(node)

    def split(self, joined: Join, pred: Scalar, a: Completion, b: Completion) -> Split:
        """Two ends that stay different until the barrier is passed."""
        return Split(pred, self.carry(joined, a, 0), self.carry(joined, b, 1))

    def carry(self, joined: Join, done: Completion, side: int | None = None) -> Completion:
        """A completion with its value as seen outside the sides."""
        move = (lambda v: joined.value(v, v)) if side is None else (lambda v: joined.one_sided(v, side))
        if isinstance(done, Returning):
            return Returning(move(done.value))
        if isinstance(done, Split):
            return Split(move(done.pred), self.carry(joined, done.then, side), self.carry(joined, done.orelse, side))
        return Raising(move(done.error)) if isinstance(done, Raising) else done


def undefined(place: Any, value: Any) -> Any:
    """An empty cell as a value."""
    if value is MISSING:
        return Undefined(place.name if isinstance(place, CellPlace) else getattr(place, "name", "?"))
    return value


def alike(a: Completion, b: Completion) -> bool:
    """Whether two sides go on at the same place."""
    if isinstance(a, Returning) and isinstance(b, Returning):
        return True
    return not isinstance(a, Split) and not isinstance(b, Split) and a == b
