"""Iteration: ranges, iterators over one or several iterables, and functions mapped over known items."""

from __future__ import annotations

import builtins
import functools
import itertools
from typing import Any

import torch

from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.staging.items import Backwards, Enumerated, StagedRange, Zipped, items_of
from diptych.capture.values import Scalar, Union, kind_of


def snapshot(items: Any) -> Any:
    """Items as they are now, where their container's contents depend on the path."""
    return list(items) if isinstance(items, dict | set) else items


def known_items(stager: Any, items: Any) -> list[Any]:
    """The items of an iterable of known length."""
    items = stager.resolve(items)
    if isinstance(items, str | dict | set):
        return list(items)
    if isinstance(items, torch.nn.Module):
        kind: Any = type(items)
        return list(stager.call(kind.__iter__, items))
    found = items_of(stager, items)
    if found.known is None and found.length is not None:
        raise stager.tape.refuse("unpacking")
    made: list[Any] = []
    while True:
        try:
            made.append(found.take(len(made)))
        except StopIteration:
            return made


@meaning(builtins.range)
def builtin_range(stager: Any, *args: Any) -> Any:
    """`range(...)`."""
    values = [stager.tape.as_scalar(stager.resolve(a)) for a in args]
    if any(isinstance(v, Union) for v in values):
        return stager.distribute(lambda *v: builtin_range(stager, *v), *values)
    values = [stager.to_int(v) if isinstance(v, torch.Tensor) else v for v in values]
    if not any(isinstance(v, Scalar) for v in values):
        return range(*values)
    if any(kind_of(v) == "float" for v in values):
        raise TypeError("'float' object cannot be interpreted as an integer")
    if len(values) == 1:
        return StagedRange(0, values[0], 1)
    return StagedRange(values[0], values[1], values[2] if len(values) > 2 else 1)


@meaning(builtins.enumerate)
def builtin_enumerate(stager: Any, items: Any, start: Any = 0) -> Any:
    """`enumerate(items)`."""
    return Enumerated(snapshot(stager.resolve(items)), start)


@meaning(builtins.zip)
def builtin_zip(stager: Any, *items: Any, strict: bool = False) -> Any:
    """`zip(...)`."""
    return Zipped(tuple(snapshot(stager.resolve(i)) for i in items), strict)


@meaning(builtins.reversed)
def builtin_reversed(stager: Any, items: Any) -> Any:
    """`reversed(items)`."""
    items = stager.resolve(items)
    if isinstance(items, list | tuple | range | StagedRange | torch.Tensor):
        return Backwards(snapshot(items))
    return stager.native(reversed, (items,), {})


@meaning(builtins.iter)
def builtin_iter(stager: Any, items: Any, *sentinel: Any) -> Any:
    """`iter(items)`."""
    items = stager.resolve(items)
    if sentinel or not stager.special_items(items):
        return stager.native(iter, (items, *sentinel), {})
    return iter(known_items(stager, items))


@meaning(builtins.map)
def builtin_map(stager: Any, function: Any, *items: Any) -> Any:
    """`map(f, items)`, evaluated at once."""
    lists = [known_items(stager, i) for i in items]
    return [stager.call(function, *row) for row in zip(*lists, strict=False)]


@meaning(builtins.filter)
def builtin_filter(stager: Any, function: Any, items: Any) -> Any:
    """`filter(f, items)` by decisions that Python makes."""
    made: list[Any] = []
    for item in known_items(stager, items):
        truth = stager.truth(stager.call(function, item) if function is not None else item)
        if not isinstance(truth, bool):
            raise stager.tape.refuse("unpacking", "filter() by values of the graph")
        if truth:
            made.append(item)
    return made


@meaning(functools.reduce)
def functools_reduce(stager: Any, function: Any, items: Any, *initial: Any) -> Any:
    """`reduce(f, items)`."""
    found = [*initial, *known_items(stager, items)]
    total = found[0]
    for item in found[1:]:
        total = stager.call(function, total, item)
    return total


@meaning(itertools.chain)
def itertools_chain(stager: Any, *items: Any) -> Any:
    """`chain(...)` of known items."""
    return [i for part in items for i in known_items(stager, part)]


@meaning(itertools.product)
def itertools_product(stager: Any, *items: Any, repeat: int = 1) -> Any:
    """`product(...)` of known items."""
    return list(itertools.product(*[known_items(stager, i) for i in items], repeat=repeat))
