"""Operations of our own: plain functions that ATen has no single functional operator for.

An own operation is one self-contained function over tensors and Python numbers: it uses nothing but its arguments and
the modules `torch`, `math` and `operator`, and it changes none of its arguments. It is its own reference meaning, it is
found by name when a graph is loaded, and its source is copied into programs written by `to_python`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

OWN: dict[str, Callable[..., Any]] = {}
"""Every own operation by name."""


def register(name: str) -> Callable[[F], F]:
    """Decorator: make a function the own operation `name` (an identifier, used once)."""
    if not name.isidentifier():
        raise ValueError(f"the name of an own operation is an identifier, not {name!r}")

    def enter(function: F) -> F:
        if name in OWN:
            raise ValueError(f"own operation {name!r} is registered already")
        OWN[name] = function
        return function

    return enter


def name_of(target: object) -> str | None:
    """The name under which `target` is registered, or None."""
    return next((name for name, function in OWN.items() if function is target), None)
