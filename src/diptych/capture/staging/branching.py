"""Branches: both sides are traced into regions, brought to the same continuation, and joined in a `cond`."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

from diptych.capture.completion import BREAK, CONTINUE, END, Completion, Goto, Returning, Split
from diptych.capture.interpreter import Frame
from diptych.capture.refusals import Refused
from diptych.capture.regions import Region, union
from diptych.capture.staging.core import Core, Diverged, StageLoop
from diptych.capture.staging.joins import ABSENT, Join
from diptych.capture.staging.mixtures import mixture
from diptych.capture.tensors import Store, handle
from diptych.capture.trail import MISSING, AttributePlace, CellPlace, Change, ContentsPlace, GlobalPlace
from diptych.capture.values import Scalar, Undefined, Union
from diptych.graph import control, own

Thunk = Callable[[], Any]
FALL = Goto(-1)
"""The end of the branch itself (it has no exits)."""


class Side:
    """One side of a branch: its region, what it changed, and how it ended."""

    def __init__(self, region: Region, holds: bool) -> None:
        self.region = region
        self.holds = holds
        self.changes: dict[Hashable, Change] = {}
        self.done: Completion = None
        self.diverged = False


class Branching(Core):
    """`if` in all its forms."""

    def if_(
        self, test: Any, then: Thunk, orelse: Thunk, frame: Frame, live: tuple[str, ...], rest: Thunk | None = None
    ) -> Completion:
        """`if`: Python's own when the test is known, else staged."""
        n = len(self.chain)
        truth = self.truth(test)
        position = None
        if rest is not None:
            self.chain.append(rest)
            position = n + 1
        try:
            if isinstance(truth, bool):
                done = (then if truth else orelse)()
            else:
                done = self.stage_if(truth, then, orelse, frame, live, position)
        finally:
            del self.chain[n:]
        if rest is not None and (done is None or done == Goto(n + 1)):
            return rest()
        return done

    def stage_if(
        self,
        pred: Scalar,
        then: Thunk,
        orelse: Thunk,
        frame: Frame | None,
        live: tuple[str, ...] | None,
        position: int | None,
    ) -> Completion:
        """Trace both sides, run the continuation inside them until they end alike, join."""
        sides = (Side(Region(self.tape.region), True), Side(Region(self.tape.region), False))
        for side, thunk in zip(sides, (then, orelse), strict=True):
            self.run_side(side, pred, frame, thunk, position)
        self.equalize(sides, pred, frame)
        done, value = self.join(sides, pred, frame, live, position)
        return Returning(value) if isinstance(done, Returning) else done

    def run_side(self, side: Side, pred: Scalar, frame: Frame | None, thunk: Thunk, position: int | None) -> None:
        """Trace `thunk` as the next part of a side; everything it changes is noted and taken back."""
        tape = self.tape
        layer = tape.trail.open()
        for change in side.changes.values():
            tape.trail.write(change.place, change.after)
        for place in (frame or {}).values():
            tape.trail.touch(place)
        handlers = self.handlers
        try:
            with tape.inside(side.region):
                tape.assumed[pred.node] = side.holds
                try:
                    done = thunk()
                    side.done = self.normal(done, position)
                except Diverged:
                    side.diverged, side.done = True, END
                except (Refused, RecursionError):
                    raise
                except Exception as error:
                    self.fails(error, frame)
                    side.diverged, side.done = True, END
        finally:
            self.handlers = handlers
            side.changes = tape.trail.close(layer)

    def fails(self, error: Exception, frame: Frame | None) -> None:
        """A side that raises when it is traced raises when it runs."""
        if isinstance(error, DATA_DEPENDENT):
            raise self.tape.refuse("data-dependent-shape", str(error).splitlines()[0]) from error
        if self.handlers:
            raise self.tape.refuse("raise-in-try", f"{type(error).__name__}: {error}")
        unbound = re.match(r"cannot access free variable '(\w+)'", str(error)) if isinstance(error, NameError) else None
        if unbound and unbound[1] in (frame or {}):  # a variable of this very function: a cell only for us
            error = UnboundLocalError(
                str(error).replace("free variable", "local variable").replace(" in enclosing scope", "")
            )
            vars(error)["diptych_exact"] = True
        arguments = tuple(a if isinstance(a, str | int | float | bool | type(None)) else str(a) for a in error.args)
        target: Any = control.Raise(type(error), arguments)
        target.implicit = not exact(error) or self.finals > 0
        target.where = self.tape.where()
        self.with_updates(target, [])

    def normal(self, done: Completion, position: int | None) -> Completion:
        """A completion as a place in the continuation chain, where it is one."""
        loop = self.loops[-1] if self.loops else None
        if done is None:
            done = FALL if position is None else Goto(position)
        if loop is not None and done is BREAK:
            return Goto(loop.base)
        if loop is not None and done is CONTINUE:
            return Goto(loop.base + 1)
        if done == Goto(0):
            return Returning(None) if self.in_function else END
        if done is END and self.in_function:
            return Returning(None)
        return done

    def equalize(self, sides: tuple[Side, Side], pred: Scalar, frame: Frame | None) -> None:
        """Run the continuation inside the side that is behind, until both have the same place to go on from."""
        a, b = sides
        while not a.diverged and not b.diverged and not alike(a.done, b.done):
            for side in sides:
                if side.done == FALL:
                    side.done = self.fallen()
            if alike(a.done, b.done):
                return
            self.check_loop(a.done, b.done)
            behind = max(sides, key=lambda s: s.done.position if isinstance(s.done, Goto) else -1)
            done = behind.done
            if not isinstance(done, Goto):
                return
            self.advance(behind, done.position, pred, frame)

    def fallen(self) -> Completion:
        """The end of a block that nothing follows: what follows the block around it."""
        if self.chain:
            return Goto(len(self.chain))
        return Returning(None) if self.in_function else END

    def check_loop(self, a: Completion, b: Completion) -> None:
        """A loop that a tensor leaves is better staged than unrolled."""
        loop = self.loops[-1] if self.loops else None
        if loop is None or not loop.stageable:
            return
        leaves = [isinstance(d, Returning) or (isinstance(d, Goto) and d.position <= loop.base) for d in (a, b)]
        if any(leaves):
            raise StageLoop(loop)

    def advance(self, side: Side, position: int, pred: Scalar, frame: Frame | None) -> None:
        """Run continuation `position` inside a side."""
        self.count_path()
        chain, loops = self.chain, self.loops
        self.chain = chain[: position - 1]
        self.loops = [loop for loop in loops if loop.base < position - 1]
        try:
            self.run_side(side, pred, frame, chain[position - 1], position - 1)
        finally:
            self.chain, self.loops = chain, loops

    def count_path(self) -> None:
        """Copies of what follows a branch are limited."""
        self.paths += 1
        if self.paths > 400:
            raise self.tape.refuse("too-many-paths")

    def join(
        self,
        sides: tuple[Side, Side],
        pred: Scalar,
        frame: Frame | None,
        live: tuple[str, ...] | None,
        position: int | None,
    ) -> tuple[Completion, Any]:
        """Emit the `cond` and give every place its joined content."""
        a, b = sides
        tape = self.tape
        only = 1 if a.diverged else 0 if b.diverged else None
        end = b.done if a.diverged else a.done
        joined = Join(self, pred, only)
        value = None
        result: Completion = end
        if not (a.diverged and b.diverged):
            if only is None and not alike(a.done, b.done):
                result = self.split(joined, pred, a.done, b.done)
            elif isinstance(end, Returning):
                value = joined.value(*(s.done.value if isinstance(s.done, Returning) else None for s in sides))
            elif isinstance(end, Split):
                result = self.carry(joined, end)
        own = end in (FALL, None) or (position is not None and end == Goto(position))
        dead: set[Hashable] = set()
        if own and live is not None:
            dead = {p.key for n, p in (frame or {}).items() if n not in live}
        if isinstance(end, Returning) and self.in_function and frame is not None:
            dead = {p.key for n, p in frame.items() if n not in frame.captured}
        contents = [] if a.diverged and b.diverged else self.places(joined, sides, dead)
        self.emit_cond(joined, sides, pred)
        if a.diverged and b.diverged:
            raise Diverged
        for place, content in contents:
            if isinstance(place, Store):
                node, grad, twins = content
                tape.clock += 1
                tape.trail.write(place, (node and node.node, tape.clock, grad, twins))
            else:
                tape.trail.write(place, content)
        joined.settle()
        return (None if own else result), value

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
        made = _Content(self.tape, a[0] if joined.only != 1 else b[0])
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

    # Exits that meet at the end of a barrier --------------------------------------------------------------------

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
        return done

    def barrier(self, body: Thunk, frame: Frame) -> Completion:
        """The body of a `with` or `try`: it has a continuation chain of its own."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], False
        try:
            done = body()
        finally:
            self.chain, self.loops, self.in_function = saved
        return None if done in (END, Goto(0)) else done

    def trying(self, body: Thunk, frame: Frame, handlers: bool, final: bool) -> Completion:
        """The body of a `try`: what it raises on a tensor's condition may be caught, or is followed by `finally`."""
        self.handlers += handlers
        self.finals += final
        try:
            return self.barrier(body, frame)
        finally:
            self.handlers -= handlers
            self.finals -= final

    def within(self, body: Thunk, frame: Frame) -> Completion:
        """The body of a `with`: a manager of the user's own does something on the way out."""
        final = self.managers.pop()
        return self.trying(body, frame, False, final)

    def finally_(self, body: Thunk, frame: Frame, done: Completion) -> Completion:
        """The end of a `try`."""
        last = self.barrier(body, frame)
        return done if last is None else last

    def after(self, done: Completion, frame: Frame, rest: Thunk | None = None) -> Completion:
        """What follows a `with` or `try`: exits that passed it go on from here."""
        if not isinstance(done, Split):
            if done in (None, END) and rest is not None:
                return rest()
            return None if done is END else done
        n = len(self.chain)
        if rest is not None:
            self.chain.append(rest)
        position = n + 1 if rest is not None else None
        try:
            went = self.stage_if(
                done.pred,
                lambda: self.after(done.then, frame),
                lambda: self.after(done.orelse, frame),
                frame,
                None,
                position,
            )
        finally:
            del self.chain[n:]
        return rest() if went in (None, Goto(n + 1)) and rest is not None else went

    # Values -----------------------------------------------------------------------------------------------------

    def stage_value(self, pred: Scalar, then: Thunk, orelse: Thunk) -> Any:
        """A conditional value: a branch without variables."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], True
        try:
            done = self.stage_if(pred, lambda: Returning(then()), lambda: Returning(orelse()), None, None, None)
        finally:
            self.chain, self.loops, self.in_function = saved
        assert isinstance(done, Returning)
        return done.value


class _Content:
    """The new content of a store, once the branch has been emitted."""

    def __init__(self, tape: Any, like: Any) -> None:
        self.spec_ = like.meta["spec"]
        self.node: Any = None


def exact(error: BaseException) -> bool:
    """Whether the program's own line raised it; what torch or a hook raised may read differently in a real run."""
    if vars(error).pop("diptych_exact", False):
        return True
    trace = error.__traceback__
    file = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        trace = trace.tb_next
    return "/torch/" not in file and "/diptych/" not in file and not attributes_of(error)


def attributes_of(error: BaseException) -> dict[str, Any]:
    """What an exception carries besides its arguments."""
    return dict(getattr(error, "__dict__", None) or {})


DATA_DEPENDENT = (GuardOnDataDependentSymNode, DataDependentOutputException, DynamicOutputShapeException)


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


def effectful(region: Region) -> bool:
    """Whether a region must run for what it does, not for what it returns."""
    return any(is_effect(node) for node in region.graph.nodes)


def is_effect(node: Any) -> bool:
    """Whether a node raises, prints, draws random numbers, or holds a region that does."""
    if isinstance(node.target, control.Raise):
        return True
    if node.op == "call_function":
        if node.target in (own.OWN["say"], own.OWN["python_random"]):
            return True
        tags = getattr(node.target, "tags", ())
        if any(str(t).endswith("nondeterministic_seeded") for t in tags):
            return True
        return node.target in (control.cond, control.while_loop) or isinstance(node.target, control.Function)
    return False
