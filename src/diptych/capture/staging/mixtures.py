"""Containers whose contents depend on the path: a single marker item holds the union of what they may contain."""

from __future__ import annotations

import collections
import gc
from typing import Any

from diptych.capture.staging.core import Core
from diptych.capture.trail import ContentsPlace
from diptych.capture.values import Union, shown


class Mixed:
    """The single item of a list or set whose contents are a union."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __repr__(self) -> str:
        return shown("<mixed>", "a container whose contents depend on the path")


MIXED: Any = type("MixedKey", (), {"__repr__": lambda self: shown("<mixed>", "a dict that depends on the path")})()
"""The single key of a dict whose contents are a union."""

VIEWS: Any = tuple(type(view()) for kind in (dict, collections.OrderedDict)
                   for view in (kind().keys, kind().values, kind().items))  # fmt: skip


class Lazy:
    """`enumerate(items)` and its kin: the items are looked at when they are gone through."""

    def parts(self) -> tuple[Any, ...]:
        """The iterables inside."""
        raise NotImplementedError

    def over(self, parts: tuple[Any, ...]) -> Lazy:
        """The same over other iterables."""
        raise NotImplementedError


def behind(value: Any) -> Any:
    """The dict that a view looks at, the container that a lazy iterable goes over; another value as it is."""
    if isinstance(value, VIEWS):
        return next(found for found in gc.get_referents(value) if isinstance(found, dict))
    if isinstance(value, Lazy):
        return next((behind(part) for part in value.parts() if mixed_contents(part) is not None), value)
    return value


def mixed_contents(value: Any) -> Any:
    """The union that is the contents of a container (or of the dict behind a view), if it is one."""
    value = behind(value)
    if isinstance(value, dict):
        return next((v for k, v in value.items() if k is MIXED), None)
    if isinstance(value, list | set | collections.deque) and len(value) == 1:
        only = next(iter(value))
        return only.content if type(only) is Mixed else None
    return None


def mixture(owner: Any, content: Any) -> Any:
    """A container's contents that depend on the path, as a single marker item."""
    if isinstance(owner, dict):
        return {MIXED: content}
    return {Mixed(content)} if isinstance(owner, set) else [Mixed(content)]


class Mixtures(Core):
    """What is done with such a container is done on each side of what decides its contents."""

    def lift(self, items: Any) -> Any:
        """A lazy iterable over a union as a union of lazy iterables."""
        items = self.resolve(items)
        if not isinstance(items, Lazy):
            return items
        parts = [self.lift(part) for part in items.parts()]
        for index, part in enumerate(parts):
            if isinstance(part, Union):
                then, orelse = (items.over((*parts[:index], p, *parts[index + 1 :])) for p in (part.then, part.orelse))
                return Union(part.pred, then, orelse)
        return items

    def through_mixed(self, owner: Any, action: Any) -> Any:
        """`action()` on each side of what decides the contents of `owner`."""
        owner = behind(owner)
        content = mixed_contents(owner)
        assert content is not None
        place = ContentsPlace(owner)
        known = self.resolve(content)
        if not isinstance(known, Union):
            self.tape.trail.write(place, known)
            return action()

        def side(value: Any) -> Any:
            self.tape.trail.write(place, value if not isinstance(value, Union) else mixture(owner, value))
            return action()

        return self.stage_value(known.pred, lambda: side(known.then), lambda: side(known.orelse))
