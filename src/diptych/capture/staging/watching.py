"""Which objects a program looks at: those that it only hands to a recursive call may be of any type."""

from __future__ import annotations

import collections
from typing import Any

UNSEEING = {"frame", "load_local", "load_cell", "put", "touch"}
"""Hooks that move values without looking at them."""
SHALLOW = {"for_", "iterate", "iterable", "unpack", "getitem", "fresh_container", "getattr"}
"""Hooks that do not look at the items of a container."""
ARRANGING = (len, enumerate, zip, reversed, list, tuple)
"""Functions that do not look at the items of a container."""
CONTAINERS = (list, tuple, dict, set, frozenset, collections.deque)


class Watch:
    """The hooks of an interpreter; the objects that they look at are in `seen`, by address."""

    def __init__(self, interpreter: Any) -> None:
        self.interpreter = interpreter
        self.seen: set[int] = set()
        self.fresh: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        hook = getattr(self.interpreter, name)
        if name in UNSEEING or not callable(hook):
            return hook

        def watched(*args: Any, **kwargs: Any) -> Any:
            shallow = name in SHALLOW or (
                name == "call" and isinstance(args[0], type | type(len)) and args[0] in ARRANGING
            )
            self.look([*args, *kwargs.values()], shallow)
            return hook(*args, **kwargs)

        return watched

    def look(self, values: list[Any], shallow: bool) -> None:
        """Note these values, and the items of containers among them unless `shallow`."""
        found: set[int] = set()
        todo = list(values)
        while todo:
            value = todo.pop()
            if id(value) in found:
                continue
            found.add(id(value))
            if not shallow and isinstance(value, CONTAINERS):
                todo += value
                todo += value.values() if isinstance(value, dict) else ()
        self.fresh = found - self.seen
        self.seen |= found

    def overlook(self, value: Any) -> None:
        """The last hook did not look at this value after all."""
        if id(value) in self.fresh:
            self.seen.discard(id(value))
