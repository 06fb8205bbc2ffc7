"""Context managers: those of the program run transformed, modes of torch are entered during the trace."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.completion import Completion, Raising, Split
from diptych.capture.interpreter import Frame, Handler
from diptych.capture.refusals import Refused
from diptych.capture.staging.attributes import class_attribute
from diptych.capture.staging.blocks import Blocks
from diptych.capture.staging.escapes import Scope, raises
from diptych.capture.values import Union

Thunk = Callable[[], Any]


class Managed:
    """A context manager whose methods run transformed, for a `with` in a generator."""

    def __init__(self, stager: Any, value: Any) -> None:
        self.stager, self.value = stager, value

    def __enter__(self) -> Any:
        return self.stager.call(class_attribute(type(self.value), "__enter__"), self.value)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        if isinstance(error, self.stager.Signal | Refused):
            return False
        return self.stager.call(class_attribute(type(self.value), "__exit__"), self.value, kind, error, trace)


class InferenceMode:
    """What `inference_mode` is during a trace; nothing may be computed after it."""

    def __init__(self, stager: Any) -> None:
        self.stager = stager
        self.mode = torch.no_grad()

    def __enter__(self) -> None:
        self.mode.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.mode.__exit__(*error)
        self.stager.inference_end = self.stager.tape.root.mark()


class Managers(Blocks):
    """`with`."""

    def with_(
        self, value: Any, bind: Callable[[Any], None], body: Thunk, frame: Frame, rest: Thunk | None = None
    ) -> Completion:
        """`with`: the user's own manager runs transformed and sees the exceptions of each path."""
        value = self.resolve(value)
        if isinstance(value, Union):
            sides = [lambda side=side: self.with_(side, bind, body, frame) for side in (value.then, value.orelse)]
            return self.if_(value.pred, sides[0], sides[1], frame, tuple(frame), rest)
        enter = class_attribute(type(value), "__enter__")

        def inside() -> Completion:
            bind(entered)
            return body()

        if isinstance(value, contextlib.suppress):
            entered = None
            kinds = value._exceptions  # pyright: ignore[reportAttributeAccessIssue]
            suppressed: tuple[Handler, ...] = ((lambda: kinds, lambda error: None),)
            return self.after(self.dispatch(self.attempt(inside, frame), suppressed, None, frame), frame, rest)
        if self.transforms(enter):
            entered = self.call(enter, value)
            leave = class_attribute(type(value), "__exit__")
            return self.after(self.exit(value, leave, self.attempt(inside, frame), frame), frame, rest)
        native = type(value).__module__.startswith("torch")
        value = self.mode(value)
        done: Completion = None
        scopes, finals = self.scopes, self.finals
        if not native:
            self.scopes, self.finals = [*scopes, Scope(passes=False)], finals + 1
        try:
            with value as entered:
                done = self.barrier(inside, frame)
        finally:
            self.scopes, self.finals = scopes, finals
        return self.after(done, frame, rest)

    def exit(self, value: Any, leave: Any, outcome: Completion, frame: Frame) -> Completion:
        """`__exit__` for how the body ended."""
        if isinstance(outcome, Split) and raises(outcome):
            return self.on_each(outcome, lambda side: self.exit(value, leave, side, frame), frame)
        if not isinstance(outcome, Raising):
            self.call(leave, value, None, None, None)
            return outcome
        error = self.caught(outcome.error)
        stays = self.not_(self.call(leave, value, type(error), error, None))
        return self.if_(stays, lambda: self.rethrow(error), lambda: None, frame, tuple(frame))

    def manager(self, value: Any) -> Any:
        """The context manager of a `with` in a generator."""
        value = self.resolve(value)
        transformed = self.transforms(class_attribute(type(value), "__enter__"))
        return Managed(self, value) if transformed else self.mode(value)

    def mode(self, value: Any) -> Any:
        """A manager of torch; some modes the graph cannot have."""
        enables = isinstance(value, torch.enable_grad) or (
            isinstance(value, torch.set_grad_enabled) and getattr(value, "mode", False)
        )
        if enables and not self.tape.grad_mode:
            raise self.tape.refuse("grad-mode", type(value).__name__)
        return self.inference(value) if isinstance(value, torch.inference_mode) else value

    def inference(self, value: Any) -> Any:
        """`inference_mode()` around all that the program computes: the graph runs in that mode."""
        computes = any(node.op == "call_function" for node in self.tape.root.graph.nodes)
        if not value.mode or self.tape.region is not self.tape.root or (computes and not self.in_inference):
            raise self.tape.refuse("grad-mode", "inference_mode around a part of the program")
        self.in_inference = True
        return InferenceMode(self)
