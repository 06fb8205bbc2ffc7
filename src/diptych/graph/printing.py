"""What a graph tells the world (lines, log records, warnings): at once, or held back until its run has succeeded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

Event = Callable[[], object]

_held: ContextVar[list[Event] | None] = ContextVar("held", default=None)


@contextmanager
def held_events() -> Generator[list[Event]]:
    """Inside, what graphs of this thread tell is collected in the list instead: call each to let it out."""
    events: list[Event] = []
    token = _held.set(events)
    try:
        yield events
    finally:
        _held.reset(token)


def may_be_held(tell: Callable[..., int]) -> Callable[..., int]:
    """Decorator: an operation that tells something, or has it held back."""

    @functools.wraps(tell)
    def hold(*args: object) -> int:
        events = _held.get()
        if events is None:
            return tell(*args)
        events.append(functools.partial(tell, *args))
        return 0

    return hold
