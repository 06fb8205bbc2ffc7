"""From a user's function to its transformed twin, found again by its code."""

from __future__ import annotations

import ast
import sys
import types
import weakref
from typing import Any, TypeGuard

from diptych.capture import syntax as syntax  # fills the table of lowerings
from diptych.capture.hooks import HOOKS
from diptych.capture.source import NoSource, as_function, find, rebuild
from diptych.capture.syntax.build import INTERPRETER
from diptych.capture.syntax.transform import Transformer

GLOBALS = "__diptych_globals__"
_trees: dict[int, tuple[types.CodeType, Any]] = {}
_made: weakref.WeakKeyDictionary[types.FunctionType, tuple[types.FunctionType, Any]] = weakref.WeakKeyDictionary()
_OWN = ("diptych.capture", "diptych.graph", "diptych.hybrid")


def is_converted(function: Any) -> bool:
    """Whether a function calls the hooks already."""
    return INTERPRETER in getattr(getattr(function, "__code__", None), "co_freevars", ())


def convert(function: types.FunctionType) -> types.FunctionType:
    """The transformed twin of `function` (made once for its code and defaults); NoSource if it has no source."""
    if is_converted(function):
        return function
    code = function.__code__
    state = (code, function.__defaults__, function.__kwdefaults__, dict(function.__kwdefaults__ or {}))
    known = _made.get(function)
    if known is not None and known[1][:3] == state[:3] and known[1][0] is code and known[1][3] == state[3]:
        return known[0]
    # Equal code of two functions may stand at two places: trees are found by the code's identity.
    entry = _trees.get(id(code))
    if entry is None:
        try:
            entry = (code, transformed(function))
        except NoSource as error:
            entry = (code, error)
        _trees[id(code)] = entry
    if isinstance(entry[1], NoSource):
        raise entry[1]
    made = rebuild(function, entry[1], {INTERPRETER: HOOKS, GLOBALS: function.__globals__})
    _made[function] = (made, state)
    return made


def transformed(function: types.FunctionType) -> ast.FunctionDef:
    """The transformed tree of a function."""
    tree = as_function(find(function).tree)
    if isinstance(tree, ast.AsyncFunctionDef):
        raise NoSource(function, "it is a coroutine")
    return Transformer(tree, free=frozenset(function.__code__.co_freevars)).whole()


NATIVE_PREFIXES = ("torch", "numpy", "diptych.capture", "diptych.graph", "diptych.hybrid", "typing", "sympy", "scipy")
CONVERTED_TORCH = (
    "torch.nn.modules.container",
    "torch.nn.modules.transformer",
    "torch.nn.modules.module",
    "torch.nn.utils",
    "torch.utils.checkpoint",
    "torch.distributions",
    "torch.optim",
    "torch.utils.data",
)


def convertible(function: Any) -> TypeGuard[types.FunctionType]:
    """Whether a function reached through a call is transformed (else it runs as it is)."""
    if not isinstance(function, types.FunctionType) or is_converted(function):
        return False
    module = function.__module__ or ""
    if module.startswith(CONVERTED_TORCH):
        return True
    top = module.split(".", 1)[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return False
    if module.startswith(_OWN):
        return False
    return not (top in NATIVE_PREFIXES or module in NATIVE_PREFIXES)
