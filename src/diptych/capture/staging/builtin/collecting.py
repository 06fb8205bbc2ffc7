"""Constructors of the built-in containers, from items of known length."""

from __future__ import annotations

import builtins
import collections
from typing import Any

from diptych.capture.staging.builtin.iteration import known_items
from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.values import Union


def pairs(stager: Any, items: Any) -> Any:
    """What `dict` is made from: a mapping, or pairs."""
    if isinstance(items, dict) or hasattr(type(items), "keys"):
        return items
    return [tuple(stager.iterate(pair)) for pair in known_items(stager, items)]


def collected(kind: Any, position: int, prepare: Any) -> None:
    """The meaning of a container's constructor whose items are its argument at `position`."""

    def make(stager: Any, *args: Any, **kwargs: Any) -> Any:
        args = tuple(stager.resolve(a) for a in args)
        if len(args) <= position:
            return kind(*args, **kwargs)
        if isinstance(args[position], Union):
            return stager.distribute(lambda *a: make(stager, *a, **kwargs), *args)
        before, after = args[:position], args[position + 1 :]
        return kind(*before, prepare(stager, args[position]), *after, **kwargs)

    meaning(kind)(make)


for _kind in (builtins.set, builtins.frozenset, collections.deque):
    collected(_kind, 0, known_items)

for _kind in (builtins.dict, collections.OrderedDict):
    collected(_kind, 0, pairs)

collected(collections.defaultdict, 1, pairs)
