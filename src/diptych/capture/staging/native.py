"""Native calls: functions that are not transformed run as they are, on arguments they can take."""

from __future__ import annotations

import builtins
import collections
import contextlib
import functools
import operator
import sys
import types
import typing
from typing import Any

import torch

from diptych.capture.convert import convertible
from diptych.capture.sources import CallAgain, Source
from diptych.capture.staging.mixtures import Mixed, Mixtures, mixed_contents
from diptych.capture.staging.names import Names
from diptych.capture.staging.packing import STAND_INS, holds
from diptych.capture.staging.rows import rows_of
from diptych.capture.values import KINDS, Scalar, Union

FORBIDDEN_MODULES = ("random", "numpy.random", "time", "datetime", "os", "io", "socket", "subprocess", "uuid",
                     "secrets", "threading", "contextvars", "_contextvars",
                     "_warnings", "logging", "warnings")  # fmt: skip

FORBIDDEN: set[Any] = {torch.save, torch.load, torch.set_default_dtype, torch.seed,
                       torch.set_rng_state, builtins.open, builtins.input}  # fmt: skip

MODES = {torch.is_grad_enabled, torch.is_inference_mode_enabled, torch.is_autocast_enabled, torch.get_default_dtype}
"""What a hybridized program compares before every call, or a block inside it changes."""


STORING: set[Any] = {typing.cast, object.__init__, types.SimpleNamespace, types.MethodType,
                     functools.partial, operator.itemgetter, collections.OrderedDict, BaseException.__init__,
                     contextlib.nullcontext}  # fmt: skip


def keeps(f: Any) -> bool:
    """Whether a function only stores its arguments or hands them on: it may take values of the graph."""
    if isinstance(f, type):
        plain = f.__new__ is object.__new__ or hasattr(f, "_fields")
        own = f.__module__ == "__main__" or f.__module__.split(".", 1)[0] not in sys.stdlib_module_names
        return issubclass(f, BaseException) or (plain and own) or f in STORING
    if isinstance(f, types.MethodWrapperType | types.BuiltinMethodType):
        owner = f.__self__
        if isinstance(owner, types.GeneratorType):
            return f.__name__ in ("send", "close", "throw")
        return f.__name__ in ("__init__", "fromkeys", "__setattr__", "__new__", "with_traceback", "add_note")
    name, module = getattr(f, "__name__", ""), getattr(f, "__module__", "")
    inherited = module == "collections" and name in ("_replace", "_asdict", "_make")
    return inherited or module.startswith("diptych") or f in STORING


def undecided(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scalar | None:
    """A truth of the graph among the arguments of Python code of torch, which may decide by it."""
    if not isinstance(f, types.FunctionType | types.MethodType | torch.nn.Module):
        return None
    return next((v for v in (*args, *kwargs.values()) if isinstance(v, Scalar) and v.kind == "bool"), None)


SIZED = {torch.zeros, torch.ones, torch.empty, torch.rand, torch.randn}
"""What takes its sizes as arguments, which may be tensors of one integer."""


class Native(Names, Mixtures):
    """Calls of built-ins, of torch and of other libraries."""

    def native(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function that is not transformed: built-in, torch's, or of the standard library."""
        self.check_allowed(f, args, kwargs)
        module = getattr(f, "__module__", None) or getattr(type(f), "__module__", "") or ""
        owner = getattr(f, "__self__", None)
        for value in (owner, *args, *kwargs.values()):
            if isinstance(value, Union):
                return self.distribute_call(f, args, kwargs)
            if mixed_contents(value) is not None and not keeps(f):
                return self.through_mixed(value, lambda: self.native(f, args, kwargs))
        if module.startswith("torch") or isinstance(owner, torch.Tensor) or isinstance(f, torch.nn.Module):
            if any(self.has_union(v) for v in (*args, *kwargs.values())):
                return self.distribute_call(f, args, kwargs)
            if not args and not kwargs and module.startswith("torch") and f not in MODES:
                return self.torch_state(f)
            truth = undecided(f, args, kwargs)
            if truth is not None:
                return self.decided(f, truth, args, kwargs)
            if f in SIZED:
                args = tuple(self.size_of(a) for a in args)
            args, kwargs = self.arguments(args), self.arguments(kwargs)
        else:
            if isinstance(f, types.BuiltinFunctionType) and f in KINDS:
                return self.numeric(f, *args)
            ours = type(f).__module__.startswith("diptych.hybrid")
            if not ours and not keeps(f) and holds((owner, args, kwargs), self.outside, kinds=STAND_INS):
                name = getattr(f, "__qualname__", type(f).__name__)
                raise self.tape.refuse("opaque-conversion", f"{name}() of values of the graph")
            args = tuple(self.callback(a) for a in args)
            kwargs = {k: self.callback(v) for k, v in kwargs.items()}
        if not keeps(f) or getattr(f, "__name__", "") == "fromkeys":
            args = tuple(self.gone_through(a) for a in args)
        return self.new_container(f(*args, **kwargs))

    def gone_through(self, value: Any) -> Any:
        """An object of the program's that a library can go through, which would call it unseen: an iterator of ours."""
        if callable(value) or isinstance(value, type | torch.nn.Module):
            return value
        return self.iterator(value)

    def decided(self, f: Any, truth: Scalar, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that is given a truth of the graph: once with each of its values."""

        def given(known: bool) -> Any:
            placed = tuple(known if a is truth else a for a in args)
            return self.native(f, placed, {k: known if v is truth else v for k, v in kwargs.items()})

        return self.choose(truth, lambda: given(True), lambda: given(False))

    def check_allowed(self, f: Any, args: Any, kwargs: Any) -> None:
        """Calls that read or change the world outside the program."""
        if f in FORBIDDEN:
            raise self.tape.refuse("outside-world", getattr(f, "__qualname__", repr(f)))
        module = getattr(f, "__module__", None) or ""
        owner = type(getattr(f, "__self__", None)).__module__ or ""
        if module in FORBIDDEN_MODULES or owner in FORBIDDEN_MODULES or module.split(".")[0] == "_io":
            raise self.tape.refuse("outside-world", getattr(f, "__qualname__", repr(f)))
        numpy = module.startswith("numpy") or owner.startswith("numpy") or type(f).__module__.startswith("numpy")
        if numpy and (self.holds_traced((args, kwargs)) or "random" in module or "random" in owner):
            raise self.tape.refuse("tensor-to-numpy", getattr(f, "__name__", repr(f)))

    def arguments(self, value: Any) -> Any:
        """An argument for torch: numbers of the graph become torch's symbolic numbers; growing lists are refused."""
        if isinstance(value, Scalar):
            return self.tape.argument(value)
        if isinstance(value, Union):
            raise self.tape.refuse("structure-in-branch", "a value of path-dependent type inside an argument")
        if rows_of(value) is not None or (isinstance(value, list) and mixed_contents(value) is not None):
            raise self.tape.refuse("loop-state", "a growing list is passed to a function other than stack or cat")
        if type(value) in (tuple, list):
            return type(value)(self.arguments(v) for v in value)
        if type(value) is dict:
            return {k: self.arguments(v) for k, v in value.items()}
        if isinstance(value, slice):
            return slice(self.arguments(value.start), self.arguments(value.stop), self.arguments(value.step))
        return value

    def size_of(self, value: Any) -> Any:
        """A size given as a tensor, as the number in it."""
        if type(value) in (tuple, list):
            return type(value)(self.size_of(v) for v in value)
        integer = isinstance(value, torch.Tensor) and value.dim() == 0 and not value.is_floating_point()
        return self.to_int(value) if integer else value

    def callback(self, value: Any) -> Any:
        """A function of the user that a library will call."""
        if isinstance(value, types.FunctionType) and convertible(value):
            return lambda *a, **k: self.call(value, *a, **k)
        return value

    def has_union(self, value: Any) -> bool:
        """Whether an argument, or an item of it, is a union."""
        return isinstance(value, list | tuple) and any(isinstance(v, Union | Mixed) for v in value)

    def distribute_call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call on each alternative of its arguments (items of list arguments included)."""
        flat: list[Any] = []
        shape: list[Any] = []
        for value in (*args, *kwargs.values()):
            if isinstance(value, list | tuple) and mixed_contents(value) is not None:
                return self.through_mixed(value, lambda: self.call(f, *args, **kwargs))
            if isinstance(value, list | tuple) and self.has_union(value):
                shape.append((type(value), len(value)))
                flat += value
            else:
                shape.append(None)
                flat.append(value)
        names = list(kwargs)

        def again(*values: Any) -> Any:
            rest = list(values)
            made: list[Any] = []
            for entry in shape:
                if entry is None:
                    made.append(rest.pop(0))
                else:
                    made.append(entry[0](rest[: entry[1]]))
                    del rest[: entry[1]]
            split = len(made) - len(names)
            return self.call(f, *made[:split], **dict(zip(names, made[split:], strict=True)))

        return self.distribute(again, *flat)

    def numeric(self, f: Any, *args: Any) -> Any:
        """A function of Python numbers, recorded if one of them is of the graph."""
        values = [self.number_of(a) if isinstance(a, torch.Tensor) else self.tape.as_scalar(a) for a in args]
        return self.tape.scalar(f, *values) if any(isinstance(v, Scalar) for v in values) else f(*args)

    def torch_state(self, f: Any) -> Any:
        """A question to torch about itself: the answer is relied on."""
        value = f()
        if isinstance(value, bool | int | str | float):
            return self.world.enter(value, Source(f"torch.{f.__name__}()", None, CallAgain(f, (), ())))
        return value

    def cached(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function with a cache, called with constants: its answer is relied on while the cache holds it."""
        if self.holds_traced((args, kwargs)):
            raise self.tape.refuse("outside-world", f"{f.__qualname__} keeps a cache of tensors")
        with self.unrecorded_world():
            value = f(*args, **kwargs)
        source = Source(f"{f.__qualname__}(...)", None, CallAgain(f, args, tuple(kwargs.items())))
        return self.world.enter(value, source)
