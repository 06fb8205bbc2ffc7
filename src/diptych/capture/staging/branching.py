"""Branches: both sides are traced into regions and brought to the same continuation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diptych.capture.completion import BREAK, CONTINUE, END, Completion, Goto, Returning
from diptych.capture.interpreter import Frame
from diptych.capture.refusals import Refused
from diptych.capture.regions import Region
from diptych.capture.staging.core import Diverged, Side, StageLoop, Thrown
from diptych.capture.staging.escapes import Scope
from diptych.capture.staging.exceptions import Exceptions
from diptych.capture.staging.merging import FALL, Merging, alike
from diptych.capture.values import Scalar

Thunk = Callable[[], Any]


class Branching(Exceptions, Merging):
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
        depth = len(tape.trail.layers)
        for change in side.changes.values():
            tape.trail.write(change.place, change.after)
        for place in (frame or {}).values():
            tape.trail.touch(place)
        handlers, scopes, scope = self.handlers, self.scopes, Scope()
        self.scopes = [*scopes, scope]
        try:
            with tape.inside(side.region):
                tape.assumed[pred.node] = side.holds
                try:
                    escape, side.escape = side.escape, None
                    if escape is not None:
                        self.divert(*escape)
                    done = thunk()
                    side.done = self.normal(done, position)
                except Diverged:
                    side.diverged, side.done = True, END
                except Thrown as thrown:
                    side.thrown, side.done, side.escape = True, END, (True, thrown.done)
                except (Refused, RecursionError):
                    raise
                except Exception as error:
                    thrown = self.fails(error)
                    side.diverged, side.thrown, side.done = thrown is None, thrown is not None, END
                    side.escape = thrown and (True, thrown)
                end = Side(side.region, side.holds)
                end.done, end.diverged, end.thrown, end.escape = side.done, side.diverged, side.thrown, side.escape
                self.close_scope(scope, end)
                side.done, side.diverged, side.thrown, side.escape = end.done, end.diverged, end.thrown, end.escape
        except BaseException:  # the attempt is given up: what was open inside is taken back
            tape.trail.rewind(depth)
            raise
        finally:
            self.discard(scope)
            self.handlers, self.scopes = handlers, scopes
            side.changes = tape.trail.close(layer)

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
        while a.ends and b.ends and not alike(a.done, b.done):
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
