"""Loops: unrolled while Python decides, staged as `while_loop` as soon as a tensor does."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from diptych.capture.completion import BREAK, CONTINUE, Completion, ElseExit, Goto, Returning
from diptych.capture.interpreter import Frame
from diptych.capture.refusals import Refused
from diptych.capture.staging.core import Loop, StageLoop
from diptych.capture.staging.items import Items, items_of
from diptych.capture.staging.loop_staging import RETURNED, RUN, LoopStaging, Round
from diptych.capture.staging.merging import FALL
from diptych.capture.staging.mixtures import Mixed, behind, mixed_contents
from diptych.capture.staging.outside import ReadAfterAll
from diptych.capture.staging.patterns import Matching
from diptych.capture.trail import MISSING, CellPlace
from diptych.capture.values import COMPARISONS, Scalar, Union

Thunk = Callable[[], Any]

UNROLL_LIMIT = 4096
LONG = 64
"""A loop of more rounds is staged although Python knows their number: its graph has one round."""
LONG_LISTS = 1024
"""The same for one that appends to lists: their items are copied in each round, so it runs slower than unrolled."""
UNROLLED = ("loop-state", "loop-items", "data-dependent-shape", "opaque-conversion", "leaked-value")
"""Why a loop may not be staged that can still be traced round by round."""


class Looping(Matching):
    """`while` and `for`."""

    def while_(
        self,
        test: Thunk,
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`while`: round by round until a tensor decides, then staged."""
        rounds = Round(test, body, frame, set(head) | set(after))

        def start(loop: Loop, k: int) -> Completion:
            if k > UNROLL_LIMIT:
                raise self.tape.refuse("endless-loop", f"{UNROLL_LIMIT} rounds")
            mark, layer = self.tape.region.mark(), self.tape.trail.open()
            truth = self.truth(test())
            if not isinstance(truth, bool):
                self.tape.trail.close(layer)
                self.tape.region.drop(mark)
                loop.stageable = False
                return self.stage_loop(rounds, orelse)
            self.tape.trail.close(layer, keep=True)
            if not truth:
                return self.run_else(orelse)
            return self.round(loop, body, lambda: start(loop, k + 1), lambda: self.stage_loop(rounds, orelse), frame)

        return self.loop(start, frame, rest, stageable=True)

    def for_(
        self,
        items: Any,
        assign: Callable[[Any], None],
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`for`: over known items round by round; over a range or rows that a tensor decides, staged."""
        items = self.lift(items)
        if mixed_contents(items) is not None and behind(items) is not items:
            items = self.resolve(self.listed(items))
        if isinstance(items, Union) or mixed_contents(items) is not None:
            return self.for_each_side(items, assign, body, orelse, frame, head, after, rest)
        source = items_of(self, items)
        live = set(head) | set(after)
        limit = source.known

        def staged(k: int) -> Completion:
            if not source.indexed:
                raise self.tape.refuse("loop-items")
            return self.stage_for(source, k, assign, Round(lambda: True, body, frame, live), orelse)

        def start(loop: Loop, k: int) -> Completion:
            if limit is None and source.length is not None:
                loop.stageable = False
                return staged(k)
            try:
                item = source.take(k)
            except StopIteration:
                return self.run_else(orelse)
            if k > UNROLL_LIMIT * 16:
                raise self.tape.refuse("endless-loop", f"{k} rounds")

            def whole() -> Completion:
                assign(item)
                return body()

            def following() -> Completion:
                return start(loop, k + 1)

            def next_round() -> Completion:
                return self.round(loop, whole, following, lambda: staged(k), frame)

            if k == 1 and limit is not None and limit > LONG and source.free and loop.stageable and self.may_try(body):
                rounds = Round(lambda: True, body, frame, live, grows=limit > LONG_LISTS)
                return self.try_long(loop, body, lambda: self.stage_for(source, k, assign, rounds, orelse), next_round)
            return next_round()

        return self.loop(start, frame, rest, stageable=source.indexed)

    def for_each_side(
        self, items: Any, assign: Any, body: Thunk, orelse: Thunk | None, frame: Frame, head: Any, after: Any, rest: Any
    ) -> Completion:
        """A loop over items that depend on the path: a branch with a loop on each side."""
        content = items if isinstance(items, Union) else self.resolve(mixed_contents(items))

        def over(side: Any) -> Thunk:
            made = side if isinstance(items, Union) else [*side] if not isinstance(side, Union) else [Mixed(side)]
            return lambda: self.for_(
                made, assign, body, orelse, frame, head, after, never if rest is not None else None
            )

        if not isinstance(content, Union):
            return self.for_(list(content), assign, body, orelse, frame, head, after, rest)
        if rest is not None:
            raise self.tape.refuse("loop-items", "a return inside a loop over items that depend on the path")
        return self.if_(content.pred, over(content.then), over(content.orelse), frame, after, rest)

    def loop(
        self, start: Callable[[Loop, int], Completion], frame: Frame, rest: Thunk | None, stageable: bool
    ) -> Completion:
        """Run a loop with its place in the continuation chain."""
        n = len(self.chain)
        self.chain.append(rest if rest is not None else never)
        saved = self.loops
        loop = Loop(n + 1, stageable)
        self.loops = [*saved, loop]
        try:
            done = start(loop, 0)
        finally:
            self.loops = saved
            del self.chain[n:]
        if isinstance(done, ElseExit):
            return done.done
        if done in (None, BREAK) or done == Goto(n + 1):
            return rest() if rest is not None else None
        return done

    def run_else(self, orelse: Thunk | None) -> Completion:
        """The `else` of a loop: an exit in it is one of the loop around."""
        if orelse is None:
            return None
        saved, self.loops = self.loops, self.loops[:-1]
        try:
            done = self.normal(orelse(), None)
        finally:
            self.loops = saved
        return None if done == FALL else ElseExit(done) if done in (BREAK, CONTINUE) else done

    def round(self, loop: Loop, body: Thunk, following: Thunk, staged: Thunk, frame: Frame) -> Completion:
        """One round of an unrolled loop, then the next; or all of the rest as a staged loop."""
        tape = self.tape
        mark, layer = tape.region.mark(), tape.trail.open()
        paths = self.paths
        for place in frame.values():
            tape.trail.touch(place)
        base = loop.base
        depth = len(tape.trail.layers)

        def proceed() -> Completion:
            self.loops = [*[x for x in self.loops if x.base < base], loop]
            return following()

        del self.chain[base:]
        self.chain.append(proceed)
        try:
            done = body()
        except StageLoop as signal:
            self.unwind(depth, layer, mark)
            del self.chain[base:]
            if signal.loop is not loop:
                raise
            self.paths = paths
            return self.try_staged(loop, body, following, staged, frame)
        except BaseException:
            if len(tape.trail.layers) >= depth and tape.trail.layers[depth - 1] is layer:
                tape.trail.rewind(depth)
                tape.trail.close(layer, keep=True)
            raise
        tape.trail.close(layer, keep=True)
        del self.chain[base:]
        if done in (None, CONTINUE) or done == Goto(base + 1):
            return following()
        return Goto(base) if done is BREAK else done

    def unwind(self, depth: int, layer: Any, mark: Any) -> None:
        """Take back a round that was begun."""
        self.tape.trail.rewind(depth)
        self.tape.trail.close(layer)
        self.tape.region.drop(mark)

    def try_staged(self, loop: Loop, body: Thunk, following: Thunk, staged: Thunk, frame: Frame) -> Completion:
        """The staged loop; if it is refused, unrolling after all."""
        tape = self.tape
        mark, layer = tape.region.mark(), tape.trail.open()
        depth = len(tape.trail.layers)
        for place in frame.values():
            tape.trail.touch(place)
        try:
            loop.stageable = False
            done = staged()
        except Refused as refused:
            if refused.refusal not in UNROLLED:
                raise
            self.unwind(depth, layer, mark)
            try:
                return self.round(loop, body, following, staged, frame)
            except Refused as second:
                raise (refused if second.refusal in ("too-many-paths", "endless-loop") else second) from None
        tape.trail.close(layer, keep=True)
        return done

    def may_try(self, body: Any) -> bool:
        """Whether a long loop with this body may be staged: not where that was in vain already."""
        return self.stages_long and body.__code__ not in self.in_vain

    def try_long(self, loop: Loop, body: Any, staged: Thunk, unrolled: Thunk) -> Completion:
        """A long loop as a staged one; unrolled where that fails in any way, which says nothing about the program."""
        tape = self.tape
        mark, layer, paths = tape.region.mark(), tape.trail.open(), self.paths
        depth = len(tape.trail.layers)
        loop.stageable = False
        try:
            done = staged()
        except (Exception, ReadAfterAll):  # an outer list that is appended to has to stay unread
            self.unwind(depth, layer, mark)
            self.paths, loop.stageable = paths, True
            self.in_vain.add(body.__code__)
            return unrolled()
        self.staged_long = True
        tape.trail.close(layer, keep=True)
        return done

    def listed(self, items: Any) -> Any:
        """The items of a view or lazy iterable of a container whose contents depend on the path."""
        if mixed_contents(items) is not None:
            return self.through_mixed(items, lambda: self.listed(items))
        return list(self.iterate(items))

    # Staged loops -----------------------------------------------------------------------------------------------

    def stage_for(self, source: Items, k: int, assign: Any, rounds: Round, orelse: Thunk | None) -> Completion:
        """A `for` over indexed items as a `while` with a counter."""
        counter = CellPlace(types.CellType(k), "counter")

        def test() -> Any:
            index = counter.get()
            if self.is_traced(index) or self.is_traced(source.length):
                return self.tape.scalar_operator(COMPARISONS["lt"], index, source.length)
            return index < source.length

        def body() -> Completion:
            index = counter.get()
            assign(source.at(index))
            counter.set(self.binary("Add", index, 1))
            return rounds.body()

        frame = Frame({**rounds.frame, "<counter>": counter})
        return self.stage_loop(Round(test, body, frame, {*rounds.live, "<counter>"}, rounds.grows), orelse)

    def stage_loop(self, rounds: Round, orelse: Thunk | None) -> Completion:
        """Trace test and body until the types of what they carry are stable, then emit the `while_loop`."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], False
        try:
            done = LoopStaging(self, rounds).run()
        finally:
            self.chain, self.loops, self.in_function = saved
        return self.after_loop(done, rounds, orelse)

    def after_loop(self, done: tuple[Any, Any], rounds: Round, orelse: Thunk | None) -> Completion:
        """Where the program goes on after the loop: its `else`, what follows, or the function's end."""
        code, value = done
        base = self.loops[-1].base if self.loops else None
        gone = BREAK if base is None else Goto(base)

        def ended() -> Completion:
            return self.run_else(orelse)

        if code is None:
            return ended()
        n = len(self.chain)

        def left() -> Completion:
            if value is MISSING:
                return gone
            pred = self.scalar_compare(code, RETURNED)
            return self.stage_if(pred, lambda: Returning(value), lambda: gone, rounds.frame, None, None)

        if orelse is None:
            return left()
        pred = self.scalar_compare(code, RUN)
        result = self.stage_if(pred, ended, left, rounds.frame, None, base)
        del self.chain[n:]
        return result

    def scalar_compare(self, code: Any, value: int) -> Scalar:
        """Whether the loop ended in this way."""
        return self.tape.scalar(COMPARISONS["eq"], code, value)


def never() -> Completion:
    """Stands in the chain for what follows a loop that nothing jumps over."""
    raise AssertionError("a continuation that no exit leads to")
