"""Blocks: `try`, whose parts have a continuation chain of their own, and what passes its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diptych.capture.completion import END, Completion, Goto, Raising, Returning, Split
from diptych.capture.interpreter import Frame, Handler
from diptych.capture.refusals import Refused
from diptych.capture.staging.attributes import Attributes
from diptych.capture.staging.core import Diverged, Side, Thrown
from diptych.capture.staging.escapes import Escapes, Scope, part, raises
from diptych.capture.staging.exceptions import Exceptions
from diptych.capture.values import Union

Thunk = Callable[[], Any]


class Blocks(Attributes, Exceptions, Escapes):
    """The bodies of `try` (and of `with`), and what follows them."""

    def barrier(self, body: Thunk, frame: Frame) -> Completion:
        """The body of a `with` or `try`: it has a continuation chain of its own."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], False
        try:
            done = body()
        finally:
            self.chain, self.loops, self.in_function = saved
        return None if done in (END, Goto(0)) else done

    def attempt(self, body: Thunk, frame: Frame) -> Completion:
        """A body whose exceptions somebody waits for: how it ends, exceptions included."""
        scope, end = Scope(), Side(self.tape.region, True)
        scopes, handlers, finals = self.scopes, self.handlers, self.finals
        self.scopes, self.handlers, self.finals = [*scopes, scope], handlers + 1, 0
        try:
            try:
                end.done = self.barrier(body, frame)
            except Thrown as thrown:
                end.thrown, end.escape = True, (True, thrown.done)
            except Diverged:
                end.diverged = True
            except (Refused, RecursionError):
                raise
            except Exception as error:
                end.thrown, end.escape = True, (True, self.raising(error))
            self.close_scope(scope, end)
        finally:
            self.discard(scope)
            self.scopes, self.handlers, self.finals = scopes, handlers, finals
        if end.diverged:
            raise Diverged
        if end.escape is None:
            return end.done
        raised, error = end.escape
        return error if end.thrown else Split(raised, error, end.done)

    def try_(
        self,
        body: Thunk,
        handlers: tuple[Handler, ...],
        orelse: Thunk | None,
        final: Thunk | None,
        frame: Frame,
        rest: Thunk | None = None,
    ) -> Completion:
        """`try`: what a tensor's condition raises goes to the handler on its own path."""

        def handled() -> Completion:
            if not handlers:
                done = self.barrier(body, frame)
                return self.barrier(orelse, frame) if done is None and orelse is not None else done
            return self.dispatch(self.attempt(body, frame), handlers, orelse, frame)

        if final is None:
            return self.after(handled(), frame, rest)
        outcome = self.attempt(handled, frame)
        last = self.barrier(final, frame)
        return self.after(self.propagate(outcome) if last is None else last, frame, rest)

    def dispatch(
        self, outcome: Completion, handlers: tuple[Handler, ...], orelse: Thunk | None, frame: Frame
    ) -> Completion:
        """Each path goes to its handler, to `else`, or on."""
        if isinstance(outcome, Split):
            return self.on_each(outcome, lambda side: self.dispatch(side, handlers, orelse, frame), frame)
        if not isinstance(outcome, Raising):
            return self.barrier(orelse, frame) if outcome is None and orelse is not None else outcome
        error = outcome.error
        for kind, handler in handlers:
            if kind is None or self.catches(error, kind()):
                self.handling.append(error)
                try:
                    return self.barrier(lambda handler=handler: handler(error), frame)
                finally:
                    self.handling.pop()
        self.rethrow(error)

    def on_each(self, outcome: Split, action: Callable[[Completion], Completion], frame: Frame) -> Completion:
        """`action` for both ends, as a branch of its own."""
        return self.barrier(
            lambda: self.stage_if(
                outcome.pred, lambda: action(outcome.then), lambda: action(outcome.orelse), frame, None, None
            ),
            frame,
        )

    def expecting(self, action: Thunk, kinds: Any, otherwise: Thunk) -> Any:
        """`action()`, or `otherwise()` where it raises one of `kinds`."""
        handler: Handler = (lambda: kinds, lambda error: Returning(otherwise()))
        frame = Frame()
        done = self.dispatch(self.attempt(lambda: Returning(action()), frame), (handler,), None, frame)
        assert isinstance(done, Returning)
        return done.value

    def catches(self, error: BaseException, kinds: Any) -> bool:
        """Whether `except kinds` takes an exception."""
        kinds = self.resolve(kinds)
        if isinstance(kinds, Union):
            raise self.tape.refuse("raise-in-try", "the classes of a handler depend on the path")
        return isinstance(error, kinds)

    def propagate(self, outcome: Completion) -> Completion:
        """What a `finally` let pass: exceptions go on, other ends stay."""
        if not raises(outcome):
            return outcome
        if isinstance(outcome, Raising):
            self.rethrow(outcome.error)
        raised, errors = self.raised(outcome), part(outcome, True)
        if self.handlers:
            self.divert(raised, errors)
        elif isinstance(raised, bool):
            self.rethrow_each(errors)
        else:
            self.stage_value(raised, lambda: self.rethrow_each(errors), lambda: None)
        return part(outcome, False)

    def rethrow_each(self, errors: Completion) -> None:
        """An exception, which one by path, leaves the program."""
        if isinstance(errors, Split):
            self.stage_value(
                errors.pred, lambda: self.rethrow_each(errors.then), lambda: self.rethrow_each(errors.orelse)
            )
        elif isinstance(errors, Raising):
            self.rethrow(errors.error)

    def reraise(self) -> None:
        """`raise` in a handler."""
        if not self.handling:
            raise RuntimeError("No active exception to reraise")
        error = self.handling[-1]
        if self.handlers and self.tape.region is self.tape.root:
            raise error
        self.rethrow(error)

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
