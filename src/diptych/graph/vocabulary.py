"""The targets a `call_function` node may have, and the name of each.

A name is `family:rest`, for example `op:aten.add.Tensor`, `python:math.sin`, `control:cond` or `own:batch_norm`.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch._ops import OpOverload

from diptych.graph import own
from diptych.graph.control import Function, Raise, cond, scan, while_loop, while_stack
from diptych.graph.fold import Fold
from diptych.graph.functions import Draw

OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs", "eq", "ne", "lt", "le", "gt"),
    *("ge", "and_", "or_", "xor", "not_", "invert", "lshift", "rshift", "getitem"),
)
BUILTINS = ("int", "float", "bool", "round", "min", "max", "abs", "divmod", "pow")

PYTHON: dict[str, Callable[..., Any]] = {
    **{f"operator.{name}": getattr(operator, name) for name in OPERATORS},
    **{f"builtins.{name}": getattr(builtins, name) for name in BUILTINS},
    **{f"math.{name}": f for name, f in vars(math).items() if callable(f) and not name.startswith("_")},
}
"""Python's own functions on numbers, by qualified name."""

CONTROL: dict[str, Callable[..., Any]] = {
    "cond": cond,
    "while_loop": while_loop,
    "while_stack": while_stack,
    "scan": scan,
}
"""Operations with regions, by name."""

_PYTHON_NAMES = {id(function): name for name, function in reversed(PYTHON.items())}


def name_of(target: object) -> str | None:
    """The name of a target with its family, or None for a target outside the vocabulary."""
    if isinstance(target, OpOverload):
        return f"op:{target.namespace}.{target._opname}.{target._overloadname}"
    if isinstance(target, Function):
        return f"function:{target.name}"
    if isinstance(target, Fold):
        return "control:fold"
    if isinstance(target, Raise):
        return f"raise:{target.kind.__qualname__}"
    if (user := autograd_function(target)) is not None:
        return f"autograd:{user.__qualname__}"
    if isinstance(target, Draw):
        return f"draw:{target.__name__}"
    for name, function in CONTROL.items():
        if target is function:
            return f"control:{name}"
    if (name := own.name_of(target)) is not None:
        return f"own:{name}"
    if (name := _PYTHON_NAMES.get(id(target))) is not None:
        return f"python:{name}"
    return None


def find(name: str) -> Callable[..., Any] | None:
    """The target of that name among operators, Python's functions, control flow and own operations, or None."""
    family, _, rest = name.partition(":")
    match family:
        case "op":
            found: Any = torch.ops
            for part in rest.split("."):
                found = getattr(found, part, None)
            return found if isinstance(found, OpOverload) else None
        case "python":
            return PYTHON.get(rest)
        case "control":
            return CONTROL.get(rest)
        case "own":
            return own.OWN.get(rest)
        case _:
            return None


def autograd_function(target: object) -> type[Any] | None:
    """The user's `torch.autograd.Function` class that `target` applies (its attribute `function`), or None."""
    found = getattr(target, "function", None)
    return found if isinstance(found, type) and issubclass(found, torch.autograd.Function) else None
