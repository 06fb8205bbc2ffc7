"""Functions without source: they run as they are, if what they do depends on nothing but their arguments."""

from __future__ import annotations

import builtins
import dis
import types
from typing import Any

import torch

GENERATED = (
    "__init__",
    "__eq__",
    "__repr__",
    "__hash__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__new__",
    "__post_init__",
)


def reads_outside(
    function: types.FunctionType, args: Any, outside: Any, seen: frozenset[int] = frozenset()
) -> str | None:
    """What a function without source reads that is not an argument; None if nothing."""
    code = function.__code__
    if generated(function):
        return None
    for value in args:
        if outside(value) and not isinstance(value, torch.Tensor | types.ModuleType | type | types.FunctionType):
            return f"the attributes of its argument, a {type(value).__name__}"
    if code.co_freevars:
        return f"{code.co_freevars[0]}, a variable of the function around it"
    for name in global_names(code):
        value = function.__globals__.get(name, getattr(builtins, name, None))
        if isinstance(value, types.FunctionType) and id(value) not in seen:
            inner = reads_outside(value, (), outside, seen | {id(function)})
            if inner is not None:
                return inner
        elif not isinstance(value, types.ModuleType | type | types.BuiltinFunctionType | types.FunctionType):
            return f"the global {name}"
    return None


def generated(function: types.FunctionType) -> bool:
    """Whether dataclasses or namedtuple wrote a function."""
    return function.__code__.co_filename == "<string>" and function.__name__ in GENERATED


def global_names(code: types.CodeType) -> list[str]:
    """The globals that a code object reads, those of the functions inside it too."""
    found = [str(step.argval) for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += global_names(constant)
    return found
