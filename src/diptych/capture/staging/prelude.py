"""Built-ins that loop, written in Python: over a growing list they are staged like the user's own loops."""

from __future__ import annotations

from typing import Any


def accumulate(items: Any, start: Any) -> Any:
    """`sum(items, start)`."""
    total = start
    for item in items:
        total = total + item
    return total


def collect(items: Any) -> Any:
    """`list(items)`."""
    return [item for item in items]  # noqa: C416  (the comprehension is what is staged)
