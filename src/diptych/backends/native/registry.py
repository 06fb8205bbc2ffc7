"""The registry of the operations of ATen that have native code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[..., Any]
STEPS: dict[str, Step] = {}
"""Name of an operation (without its overload) -> its code: a function of the writer, the fake result, the operands."""
NAMED: set[str] = set()
"""Operations that share code with others: it is told which one it is."""


def step(*names: str, named: bool = False) -> Callable[[Step], Step]:
    """Decorator: the code of operations; if `named`, it takes the name of the operation as the keyword `name`."""

    def enter(function: Step) -> Step:
        for name in names:
            STEPS[name] = function
            if named:
                NAMED.add(name)
        return function

    return enter


def supported(target: Any) -> Step | None:
    """The code of an operation, or None."""
    name = target._schema.name.rpartition("::")[2]
    found = STEPS.get(name)
    if found is None or name not in NAMED:
        return found
    return lambda *args, **kwargs: found(*args, **kwargs, name=name)
