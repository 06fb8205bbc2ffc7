"""Containers whose contents depend on the path: a single marker item holds the union of what they may contain."""

from __future__ import annotations

import collections
from typing import Any

from diptych.capture.staging.core import Core
from diptych.capture.trail import ContentsPlace
from diptych.capture.values import Union


class Mixed:
    """The single item of a list or set whose contents are a union."""

    def __init__(self, content: Any) -> None:
        self.content = content


MIXED: Any = type("MixedKey", (), {"__repr__": lambda self: "<mixed>"})()
"""The single key of a dict whose contents are a union."""


def mixed_contents(value: Any) -> Any:
    """The union that is the contents of a container, if it is one."""
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

    def through_mixed(self, owner: Any, action: Any) -> Any:
        """`action()` on each side of what decides the contents of `owner`."""
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
