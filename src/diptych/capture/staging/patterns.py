"""`match`: patterns look into values of the graph, and into subjects that depend on the path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diptych.capture.completion import Completion
from diptych.capture.interpreter import Frame, Interpreter
from diptych.capture.staging.branching import Branching
from diptych.capture.staging.items import StagedRange
from diptych.capture.staging.mixtures import Lazy, behind, mixed_contents, mixture
from diptych.capture.staging.rows import rows_of
from diptych.capture.trail import ContentsPlace
from diptych.capture.values import Union

Thunk = Callable[..., Any]


class Matching(Branching):
    """`match`, case by case."""

    def match_(
        self,
        subject: Any,
        cases: Callable[[Any], Completion],
        frame: Frame,
        live: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`match`: where the subject depends on the path, on each side for its own."""
        subject = self.lift(subject)
        mixed = self.resolve(mixed_contents(subject))
        if mixed is not None and not isinstance(mixed, Union):
            self.tape.trail.write(ContentsPlace(subject), mixed)
        decided = subject if isinstance(subject, Union) else mixed if isinstance(mixed, Union) else None
        if decided is None:
            return self.if_(True, lambda: cases(subject), lambda: None, frame, live, rest)

        def side(value: Any) -> Thunk:
            def run() -> Completion:
                if mixed is None:
                    return self.match_(value, cases, frame, live)
                content = mixture(subject, value) if isinstance(value, Union) else value
                self.tape.trail.write(ContentsPlace(behind(subject)), content)
                return self.match_(subject, cases, frame, live)

            return run

        return self.if_(decided.pred, side(decided.then), side(decided.orelse), frame, live, rest)

    def class_pattern(self, subject: Any, kind: Any, count: int, names: tuple[str, ...], body: Thunk) -> Any:
        """`kind(a, b, name=c)`."""
        plain = Interpreter.class_pattern
        return self.looking(subject, lambda s: plain(self, s, self.resolve(kind), count, names, body))

    def sequence_pattern(self, subject: Any, count: int, star: int, body: Thunk) -> Any:
        """`[a, *b, c]`."""
        return self.looking(subject, lambda s: Interpreter.sequence_pattern(self, s, count, star, body))

    def mapping_pattern(self, subject: Any, rest: bool, body: Thunk, *keys: Any) -> Any:
        """`{key: a, **rest}`."""
        return self.looking(subject, lambda s: Interpreter.mapping_pattern(self, s, rest, body, *keys))

    def looking(self, subject: Any, look: Callable[[Any], Any]) -> Any:
        """What a pattern says about a subject, on each side where that depends on the path."""
        subject = self.resolve(subject)
        if isinstance(subject, Union):
            pred, then, orelse = subject.pred, subject.then, subject.orelse
            return self.stage_value(pred, lambda: self.looking(then, look), lambda: self.looking(orelse, look))
        if isinstance(subject, Lazy | StagedRange) or rows_of(subject) is not None:
            raise self.tape.refuse("opaque-conversion", "a pattern that looks at a value of the graph")
        if mixed_contents(subject) is not None:
            return self.through_mixed(subject, lambda: self.looking(subject, look))
        return look(subject)
