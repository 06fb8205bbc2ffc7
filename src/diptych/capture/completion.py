"""How a block ends: by falling through (None), by an exit, or by going on at an outer continuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class _Exit:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


BREAK = _Exit("break")
CONTINUE = _Exit("continue")
END = _Exit("end")
"""The end of a function's, loop's or with's body was reached inside a staged branch."""


@dataclass(frozen=True)
class Returning:
    """`return value`."""

    value: Any


@dataclass(frozen=True)
class Goto:
    """Go on at continuation number `position` of the function's chain (everything inside it has run already)."""

    position: int


@dataclass(frozen=True)
class ElseExit:
    """The `else` of a loop ended with an exit of the loop around it."""

    done: Any


@dataclass(frozen=True)
class Split:
    """Which completion it is depends on `pred`, known only when the graph runs."""

    pred: Any
    then: Any
    orelse: Any


@dataclass(frozen=True)
class Raising:
    """An exception on its way to a handler."""

    error: BaseException


Completion = _Exit | Returning | Goto | ElseExit | Split | Raising | None
