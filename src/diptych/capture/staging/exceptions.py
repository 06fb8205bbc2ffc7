"""Exceptions: `raise` and `assert`; what raises on a path that a tensor decides becomes a node that raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

from diptych.capture.interpreter import Frame
from diptych.capture.staging.core import Core, Diverged
from diptych.capture.staging.outside import PLAIN
from diptych.capture.staging.packing import Packer
from diptych.capture.tensors import node_of
from diptych.capture.values import Scalar
from diptych.graph import control
from diptych.graph.layout import rename

Thunk = Callable[[], Any]

DATA_DEPENDENT = (GuardOnDataDependentSymNode, DataDependentOutputException, DynamicOutputShapeException)


class Exceptions(Core):
    """Statements and traced code that raise."""

    pending: Callable[[Packer], list[Any]]
    inexact: set[Any]

    def assert_(self, test: Any, message: Thunk | None = None) -> None:
        """`assert`: a branch whose one side raises."""
        truth = self.truth(test)

        def fail() -> Any:
            self.raise_(AssertionError(*([message()] if message is not None else [])))

        if isinstance(truth, bool):
            if not truth:
                fail()
            return
        self.stage_value(truth, lambda: None, fail)

    def raise_(self, error: Any, *cause: Any) -> Any:
        """`raise`: inside a staged branch a node that ends the path, else Python's own."""
        if isinstance(error, type):
            error = self.call(error)
        if self.tape.region is self.tape.root and self.handlers:
            if cause:
                raise error from cause[0]
            raise error
        if self.handlers:
            raise self.tape.refuse("raise-in-try", type(error).__name__)
        arguments: list[Any] = []
        operands: list[Any] = []
        for argument in error.args:
            argument = self.tape.as_scalar(argument)
            if isinstance(argument, Scalar | torch.Tensor):
                arguments.append(control.Hole(len(operands)))
                operands.append(
                    argument.node if isinstance(argument, Scalar) else node_of(self.tape, self.traced(argument))
                )
            elif isinstance(argument, PLAIN):
                arguments.append(argument)
            else:
                raise self.tape.refuse("structure-in-branch", f"an exception with a {type(argument).__name__}")
        target: Any = control.Raise(type(error), tuple(arguments))
        target.where = self.tape.where()
        target.attributes = attributes_of(error)
        if (
            cause
            or self.finals
            or any(o in self.inexact for o in operands)
            or any(self.holds_traced(v) for v in target.attributes.values())
        ):
            target.implicit = True
        self.with_updates(target, operands)
        raise Diverged

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

    def with_updates(self, target: Any, operands: list[Any]) -> None:
        """Emit a node that raises; it carries the writes to the outside that came before it."""
        packer = Packer(self.tape, self.outside)
        found = self.pending(packer)
        if found:
            shift = len(operands)
            target.updates = tuple(replace(u, value=u.value and rename(u.value, lambda i: i + shift)) for u in found)
            operands += [v.node if isinstance(v, Scalar) else node_of(self.tape, self.traced(v)) for v in packer.leaves]
        self.tape.emit(target, tuple(operands), None, None)


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
