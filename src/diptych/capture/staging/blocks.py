"""Blocks: `with` and `try`, whose bodies have a continuation chain of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.completion import END, Completion, Goto, Split
from diptych.capture.interpreter import Frame
from diptych.capture.refusals import Refused
from diptych.capture.staging.attributes import Attributes, class_attribute

Thunk = Callable[[], Any]


class Managed:
    """A context manager whose methods run transformed."""

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


class Blocks(Attributes):
    """The bodies of `with` and `try`, and what follows them."""

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

    def inference(self, value: Any) -> Any:
        """`inference_mode()` around all that the program computes: the graph runs in that mode."""
        computes = any(node.op == "call_function" for node in self.tape.root.graph.nodes)
        if not value.mode or self.tape.region is not self.tape.root or (computes and not self.in_inference):
            raise self.tape.refuse("grad-mode", "inference_mode around a part of the program")
        self.in_inference = True
        self.managers.append(False)
        return InferenceMode(self)

    def manager(self, value: Any) -> Any:
        """A context manager: the user's own runs transformed."""
        value = self.resolve(value)
        enter = class_attribute(type(value), "__enter__")
        enables = isinstance(value, torch.enable_grad) or (
            isinstance(value, torch.set_grad_enabled) and getattr(value, "mode", False)
        )
        if enables and not self.tape.grad_mode:
            raise self.tape.refuse("grad-mode", type(value).__name__)
        if isinstance(value, torch.inference_mode):
            return self.inference(value)
        native = type(value).__module__.startswith("torch")
        self.managers.append(not native)
        return Managed(self, value) if self.transforms(enter) else value
