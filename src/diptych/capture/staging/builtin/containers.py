"""Containers: lists and tuples of items, their length, their sum."""

from __future__ import annotations

import builtins
from typing import Any

from diptych.capture.staging.builtin.iteration import known_items
from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.staging.items import Backwards, Enumerated, StagedRange, Zipped, items_of
from diptych.capture.staging.rows import rows_of
from diptych.capture.values import Union


@meaning(builtins.len)
def builtin_len(stager: Any, value: Any) -> Any:
    """`len(x)`."""
    return stager.length(value)


@meaning(builtins.list)
def builtin_list(stager: Any, items: Any = ()) -> Any:
    """`list(items)`."""
    items = stager.resolve(items)
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_list(stager, v), items)
    marker = rows_of(items)
    if marker is not None:
        return [marker]
    found = items_of(stager, items) if isinstance(items, StagedRange | Enumerated | Zipped | Backwards) else None
    if found is not None and found.known is None and found.length is not None:
        return stager.collect(items)
    return known_items(stager, items)


@meaning(builtins.tuple)
def builtin_tuple(stager: Any, items: Any = ()) -> Any:
    """`tuple(items)`."""
    items = stager.resolve(items)
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_tuple(stager, v), items)
    marker = rows_of(items)
    return (marker,) if marker is not None else tuple(known_items(stager, items))


@meaning(builtins.sum)
def builtin_sum(stager: Any, items: Any, start: Any = 0) -> Any:
    """`sum(items)`."""
    items = stager.resolve(items)
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_sum(stager, v, start), items)
    if isinstance(items, list) and stager.contents_vary(items):
        return stager.through_mixed(items, lambda: builtin_sum(stager, items, start))
    if rows_of(items) is not None:
        return stager.accumulate(items, start)
    total = start
    for item in known_items(stager, items):
        total = stager.binary("Add", total, item)
    return total


@meaning(builtins.any)
def builtin_any(stager: Any, items: Any) -> Any:
    """`any(items)`."""
    found = known_items(stager, items)
    if not found:
        return False
    return stager.any_true(found[0], *[lambda v=v: v for v in found[1:]])


@meaning(builtins.all)
def builtin_all(stager: Any, items: Any) -> Any:
    """`all(items)`."""
    found = known_items(stager, items)
    if not found:
        return True
    return stager.all_true(found[0], *[lambda v=v: v for v in found[1:]])
