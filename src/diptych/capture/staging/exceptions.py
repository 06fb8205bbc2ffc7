"""Exceptions: `raise` and `assert`; what raises on a path that a tensor decides becomes a node that raises."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

from diptych.capture.completion import Raising
from diptych.capture.staging.core import Core, Diverged, Thrown
from diptych.capture.staging.outside import PLAIN
from diptych.capture.staging.packing import Packer
from diptych.capture.tensors import node_of
from diptych.capture.values import Scalar, Union
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
        """`raise`: a jump to a handler, or a node that ends the path."""
        error = self.resolve(error)
        if isinstance(error, Union):
            return self.distribute(lambda e: self.raise_(e, *cause), error)
        if isinstance(error, type):
            error = self.call(error)
        if not isinstance(error, BaseException):
            raise TypeError("exceptions must derive from BaseException")
        if cause:
            reason = self.resolve(cause[0])
            if isinstance(reason, Union):
                return self.distribute(lambda r: self.raise_(with_args(error, error.args), r), reason)
            error.__cause__ = self.call(reason) if isinstance(reason, type) else reason
        if self.handlers and self.tape.region is self.tape.root:
            raise certain(error) if isinstance(error, Exception) else error
        self.rethrow(error)

    def rethrow(self, error: BaseException) -> None:
        """An exception goes on to the handlers around, or out of the program."""
        if self.handlers:
            raise Thrown(Raising(error))
        self.emit_raise(error)

    def emit_raise(self, error: BaseException) -> None:
        """A node that ends the program on this path."""
        args = [self.resolve(a) for a in error.args]
        if any(isinstance(a, Union) for a in args):
            self.distribute(lambda *a: self.emit_raise(with_args(error, a)), *args)
        target, operands = self.raise_node(error)
        target.attributes = attributes_of(error)
        last, causes = target, [error]
        while (cause := causes[-1].__cause__) is not None and cause not in causes:
            last.cause, operands = self.raise_node(cause, operands)
            last.cause.attributes = attributes_of(cause)
            last = last.cause
            causes.append(cause)
        if (
            self.finals
            or any(id(e) in self.inexact_errors for e in causes)
            or any(o in self.inexact for o in operands)
            or any(self.holds_traced(v) for link in target.chain() for v in link.attributes.values())
        ):
            target.implicit = True
        self.with_updates(target, operands)
        raise Diverged

    def fails(self, error: Exception) -> Raising | None:
        """A side that raises when it is traced raises when it runs."""
        if isinstance(error, DATA_DEPENDENT):
            raise self.tape.refuse("data-dependent-shape", str(error).splitlines()[0]) from error
        if self.handlers:
            return self.raising(error)
        known = exact(error)
        if not known and any(f"'{name}'" in str(error) for name in NOT_VALUES):
            raise self.tape.refuse("opaque-conversion", f"{type(error).__name__}: {error}") from error
        if not known and not all(isinstance(a, PLAIN) or self.is_traced(a) for a in error.args):
            error = type(error).__new__(type(error), str(error))
        target, operands = self.raise_node(error)
        target.implicit = not known or self.finals > 0
        self.with_updates(target, operands)
        return None

    def raise_node(self, error: BaseException, before: Sequence[Any] = ()) -> tuple[Any, list[Any]]:
        """What a node raises, and its operands: those `before`, and the values of the graph among its arguments."""
        arguments: list[Any] = []
        operands: list[Any] = [*before]
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
        return target, operands

    def raising(self, error: Exception) -> Raising:
        """An exception that Python raised during the trace, for the program's own handlers."""
        if isinstance(error, DATA_DEPENDENT):
            raise self.tape.refuse("data-dependent-shape", str(error).splitlines()[0]) from error
        if exact(error):
            return Raising(error)
        text = str(error)
        where = origin(error)
        if any(name in text for name in STAND_INS) or ("/torch/" in where and not isinstance(error, FAITHFUL)):
            raise self.tape.refuse("raise-in-try", f"{type(error).__name__}: {text}") from error
        self.inexact_errors[id(error)] = (error, "/torch/" not in where and not stated(error))
        return Raising(error)

    def caught(self, error: BaseException) -> BaseException:
        """The exception of a handler, bound to its name."""
        if not self.inexact_errors.get(id(error), (error, True))[1]:
            raise self.tape.refuse("raise-in-try", f"the text of a {type(error).__name__} is looked at")
        return error

    def with_updates(self, target: Any, operands: list[Any]) -> None:
        """Emit a node that raises; it carries the writes to the outside that came before it."""
        packer = Packer(self.tape, self.outside)
        found = self.pending(packer)
        if found:
            shift = len(operands)
            target.updates = tuple(replace(u, value=u.value and rename(u.value, lambda i: i + shift)) for u in found)
            operands += [v.node if isinstance(v, Scalar) else node_of(self.tape, self.traced(v)) for v in packer.leaves]
        self.tape.emit(target, tuple(operands), None, None)


STAND_INS = ("Scalar", "Union", "FakeTensor", "SymInt", "SymBool", "SymFloat", "Mixed", "RowsOf", "StagedRange", "Walk",
             "Enumerated", "Zipped", "Backwards", "Stager", "Undefined", "Original", "diptych")  # fmt: skip
"""Names that only an exception of ours, not one of the program, would mention."""

NOT_VALUES = ("Union", "Mixed", "RowsOf", "StagedRange", "Walk", "Enumerated", "Zipped", "Backwards", "Original")
"""Stand-ins that can do less than what they stand for: that one of them fails says nothing about the program."""

FAITHFUL = (RuntimeError, ValueError, IndexError)
"""What torch raises for the program's own mistakes when it computes types."""


def origin(error: BaseException) -> str:
    """The file of the line that raised."""
    trace, file = error.__traceback__, ""
    while trace is not None:
        file, trace = trace.tb_frame.f_code.co_filename, trace.tb_next
    return file


def stated(error: BaseException) -> bool:
    """Whether a `raise` statement raised it, not an operation of Python's own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ""
    return line.strip().startswith("raise")


def with_args(error: BaseException, args: tuple[Any, ...]) -> BaseException:
    """The same exception with other arguments."""
    made = type(error).__new__(type(error), *args)
    made.args = args
    vars(made).update(vars(error))
    made.__cause__, made.__context__, made.__suppress_context__ = (
        error.__cause__, error.__context__, error.__suppress_context__)  # fmt: skip
    return made


def certain(error: Exception) -> Exception:
    """An exception that a hook raises with the class and arguments that Python's has."""
    vars(error)["diptych_exact"] = True
    return error


def exact(error: BaseException) -> bool:
    """Whether the program's own line raised it; what torch or a hook raised may read differently in a real run."""
    if vars(error).pop("diptych_exact", False):
        return True
    file = origin(error)
    ours = any(isinstance(a, str) and any(name in a for name in STAND_INS) for a in error.args)
    return "/torch/" not in file and "/diptych/" not in file and not attributes_of(error) and not ours


def attributes_of(error: BaseException) -> dict[str, Any]:
    """What an exception carries besides its arguments."""
    return dict(getattr(error, "__dict__", None) or {})
