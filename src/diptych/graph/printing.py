"""Lines that a graph prints: at once, or held back until its run has succeeded (thread by thread)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

_held: ContextVar[list[str] | None] = ContextVar("held", default=None)


@contextmanager
def held_lines() -> Generator[list[str]]:
    """Inside, what graphs of this thread print is collected in the list instead."""
    lines: list[str] = []
    token = _held.set(lines)
    try:
        yield lines
    finally:
        _held.reset(token)


def may_be_held(say: Callable[[str], int]) -> Callable[[str], int]:
    """Decorator: an operation that prints its text, or has it held back."""

    @functools.wraps(say)
    def hold(line: str) -> int:
        lines = _held.get()
        if lines is None:
            return say(line)
        lines.append(line)
        return 0

    return hold
