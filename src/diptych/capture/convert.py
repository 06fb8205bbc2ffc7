"""From a user's function to its transformed twin, found again by its code."""

from __future__ import annotations

import ast
import sys
import types
import weakref
from typing import Any

import diptych.capture.syntax  # noqa: F401  (fills the table of lowerings)
from diptych.capture.interpreter import HOOKS
from diptych.capture.source import NoSource, as_function, find, rebuild
from diptych.capture.syntax.build import INTERPRETER
from diptych.capture.syntax.transform import Transformer

GLOBALS = "__diptych_globals__"
_trees: dict[types.CodeType, Any] = {}
_made: weakref.WeakKeyDictionary[types.FunctionType, types.FunctionType] = weakref.WeakKeyDictionary()
_OWN = ("diptych.capture", "diptych.graph", "diptych.hybrid")


def is_converted(function: Any) -> bool:
    """Whether a function calls the hooks already."""
    return INTERPRETER in getattr(getattr(function, "__code__", None), "co_freevars", ())


def convert(function: types.FunctionType) -> types.FunctionType:
    """The transformed twin of `function` (made once); NoSource if its source cannot be had."""
    if is_converted(function):
        return function
    known = _made.get(function)
    if known is not None and known.__closure__ is not None:
        return known
    code = function.__code__
    if code in _trees:
        found = _trees[code]
        if isinstance(found, NoSource):
            raise found
    else:
        try:
            source = find(function)
        except NoSource as error:
            _trees[code] = error
            raise
        tree = as_function(source.tree)
        if isinstance(tree, ast.AsyncFunctionDef):
            raise NoSource(function, "it is a coroutine")
        transformer = Transformer(tree)
        transformer.free = frozenset(code.co_freevars)  # type: ignore[attr-defined]
        found = _trees[code] = transformer.whole()
    made = rebuild(function, found, {INTERPRETER: HOOKS, GLOBALS: function.__globals__})
    _made[function] = made
    return made


NATIVE_PREFIXES = ("torch", "numpy", "diptych.capture", "diptych.graph", "diptych.hybrid", "typing", "sympy", "scipy")
CONVERTED_TORCH = (
    "torch.nn.modules.container",
    "torch.nn.modules.transformer",
    "torch.nn.modules.module",
    "torch.nn.utils",
    "torch.utils.checkpoint",
    "torch.distributions",
)


def convertible(function: Any) -> bool:
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
