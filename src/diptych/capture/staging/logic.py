"""Logic: `and`, `or`, `not` and conditional expressions, evaluated only where Python evaluates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diptych.capture.completion import Returning
from diptych.capture.interpreter import Frame
from diptych.capture.staging.truth import Truth
from diptych.capture.values import Scalar

Thunk = Callable[[], Any]


class Logic(Truth):
    """Operators that decide what is evaluated."""

    def and_(self, first: Any, *others: Thunk) -> Any:
        """`first and ...`."""
        if not others:
            return first
        truth = self.truth(first)
        if isinstance(truth, bool):
            return self.and_(others[0](), *others[1:]) if truth else first
        return self.stage_value(truth, lambda: self.and_(others[0](), *others[1:]), lambda: self.narrow(first, False))

    def or_(self, first: Any, *others: Thunk) -> Any:
        """`first or ...`."""
        if not others:
            return first
        truth = self.truth(first)
        if isinstance(truth, bool):
            return first if truth else self.or_(others[0](), *others[1:])
        return self.stage_value(truth, lambda: self.narrow(first, True), lambda: self.or_(others[0](), *others[1:]))

    def narrow(self, value: Any, truth: bool) -> Any:
        """A number whose truth is known here, if that says which it is."""
        value = self.resolve(value)
        return truth if isinstance(value, Scalar) and value.kind == "bool" else value

    def all_true(self, first: Any, *others: Thunk) -> Any:
        """The truth of a conjunction."""
        truth = self.truth(first)
        if not others:
            return truth
        if isinstance(truth, bool):
            return self.all_true(others[0](), *others[1:]) if truth else False
        return self.stage_value(truth, lambda: self.all_true(others[0](), *others[1:]), lambda: False)

    def any_true(self, first: Any, *others: Thunk) -> Any:
        """The truth of a disjunction."""
        truth = self.truth(first)
        if not others:
            return truth
        if isinstance(truth, bool):
            return True if truth else self.any_true(others[0](), *others[1:])
        return self.stage_value(truth, lambda: True, lambda: self.any_true(others[0](), *others[1:]))

    def not_(self, value: Any) -> Any:
        """`not value`."""
        truth = self.truth(value)
        return not truth if isinstance(truth, bool) else self.negation(truth)

    def choose(self, test: Any, then: Thunk, orelse: Thunk) -> Any:
        """`then if test else orelse`."""
        truth = self.truth(test)
        if isinstance(truth, bool):
            return then() if truth else orelse()
        return self.stage_value(truth, then, orelse)

    def stage_test(self, goes_on: Scalar, test: Thunk, frame: Frame) -> Any:
        """The test of a loop's next round, evaluated only if the loop was not left."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], False
        try:
            done = self.stage_if(
                goes_on, lambda: Returning(self.truth(test())), lambda: Returning(False), frame, None, None
            )
        finally:
            self.chain, self.loops, self.in_function = saved
        assert isinstance(done, Returning)
        return done.value
