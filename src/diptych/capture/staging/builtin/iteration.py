"""Iteration: ranges, iterators over one or several iterables, and functions mapped over known items."""

from __future__ import annotations

import builtins
import contextlib
import functools
import itertools
import operator
from typing import Any

import torch

from diptych.capture.staging.builtin.registry import HANDLERS, meaning
from diptych.capture.staging.items import Backwards, Enumerated, StagedRange, Zipped, class_method, items_of
from diptych.capture.staging.iterators import Walk
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.values import Scalar, Union, kind_of


def snapshot(items: Any) -> Any:
    """Items as they are now, where their container's contents depend on the path."""
    return list(items) if isinstance(items, dict | set) and mixed_contents(items) is None else items


def known_items(stager: Any, items: Any) -> list[Any]:
    """The items of an iterable of known length."""
    items = stager.lift(items)
    if isinstance(items, Union) or mixed_contents(items) is not None:
        return list(stager.iterate(items))
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
    if isinstance(items, Union):
        return stager.distribute(lambda v: builtin_reversed(stager, v), items)
    if isinstance(items, list | tuple | range | StagedRange | torch.Tensor):
        return Backwards(snapshot(items))
    method = class_method(items, "__reversed__")
    if stager.transforms(method):
        return stager.call(method, items)
    if stager.transforms(class_method(items, "__getitem__")):
        return Backwards([stager.getitem(items, k) for k in range(known_length(stager, items))])
    return stager.native(reversed, (items,), {})


def known_length(stager: Any, items: Any) -> int:
    """`len(items)`, if it is known."""
    length = stager.length(items)
    if not isinstance(length, int):
        raise stager.tape.refuse("unpacking")
    return length


@meaning(builtins.iter)
def builtin_iter(stager: Any, items: Any, *sentinel: Any) -> Any:
    """`iter(items)`."""
    items = stager.resolve(items)
    if not sentinel and isinstance(items, list | tuple | str | range | torch.Tensor):
        if isinstance(items, torch.Tensor):
            items = known_items(stager, items)
        walk = Walk(items)
        stager.mine(walk)
        return walk
    if sentinel or not stager.special_items(items):
        if not sentinel and (iterator := stager.iterator(items)) is not items:
            return iterator
        return items if isinstance(items, Walk) else stager.native(iter, (items, *sentinel), {})
    return builtin_iter(stager, known_items(stager, items))


@meaning(builtins.next)
def builtin_next(stager: Any, iterator: Any, *default: Any) -> Any:
    """`next(iterator)`, `next(iterator, default)`."""
    iterator = stager.resolve(iterator)
    if isinstance(iterator, Union):
        return stager.distribute(lambda v: builtin_next(stager, v, *default), iterator)
    method = class_method(iterator, "__next__")
    if method is None:
        return stager.native(next, (iterator,), {})
    if stager.transforms(method):
        if not default:
            return stager.call(method, iterator)
        return stager.expecting(lambda: stager.call(method, iterator), StopIteration, lambda: default[0])
    if not default:
        return stager.take_next(iterator)
    return stager.expecting(lambda: stager.take_next(iterator), StopIteration, lambda: default[0])


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


def rearranged(function: Any) -> None:
    """A function of `itertools` that gives its items in another order, without looking at them."""

    def handler(stager: Any, *items: Any, **kwargs: Any) -> Any:
        known = [known_items(stager, items[0]), *(stager.resolve(i) for i in items[1:])]
        if stager.holds_traced(known[1:]) or any(isinstance(v, Union) for v in known[1:]):
            raise stager.tape.refuse("opaque-conversion", f"{function.__name__} by a number of the graph")
        return builtin_iter(stager, list(function(*known, **kwargs)))

    HANDLERS[function] = handler


for _function in (itertools.permutations, itertools.combinations, itertools.combinations_with_replacement,
                  itertools.pairwise):  # fmt: skip
    rearranged(_function)


@meaning(itertools.islice)
def itertools_islice(stager: Any, items: Any, *bounds: Any) -> Any:
    """`islice(items, ...)`: no more is taken from an iterator than the slice needs."""
    bounds = tuple(stager.resolve(b) for b in bounds)
    if stager.holds_traced(bounds) or any(isinstance(b, Union) for b in bounds):
        raise stager.tape.refuse("opaque-conversion", "islice by a number of the graph")
    itertools.islice((), *bounds)  # raises
    part = slice(*bounds)
    if part.stop is None:
        return builtin_iter(stager, known_items(stager, items)[part])
    items = stager.lift(items)
    if isinstance(items, Union) or mixed_contents(items) is not None:
        return builtin_iter(stager, list(stager.iterate(items))[part])
    found, taken = items_of(stager, items), list[Any]()
    with contextlib.suppress(StopIteration):
        for k in range(part.stop):
            taken.append(found.take(k))
    return builtin_iter(stager, taken[part])


@meaning(itertools.repeat)
def itertools_repeat(stager: Any, value: Any, *times: Any) -> Any:
    """`repeat(value, n)`."""
    times = tuple(stager.resolve(t) for t in times)
    if times and type(times[0]) is int:
        return builtin_iter(stager, [value] * times[0])
    if times or stager.holds_traced(value):
        raise stager.tape.refuse("opaque-conversion", "repeat() of values of the graph")
    return itertools.repeat(value)


@meaning(itertools.zip_longest)
def itertools_zip_longest(stager: Any, *items: Any, fillvalue: Any = None) -> Any:
    """`zip_longest(...)` of known items."""
    return list(itertools.zip_longest(*[known_items(stager, i) for i in items], fillvalue=fillvalue))


@meaning(itertools.accumulate)
def itertools_accumulate(stager: Any, items: Any, function: Any = operator.add, *, initial: Any = None) -> Any:
    """`accumulate(items, f)`."""
    made = [initial] if initial is not None else []
    for item in known_items(stager, items):
        made.append(stager.call(function, made[-1], item) if made else item)
    return builtin_iter(stager, made)


@meaning(itertools.product)
def itertools_product(stager: Any, *items: Any, repeat: int = 1) -> Any:
    """`product(...)` of known items."""
    return list(itertools.product(*[known_items(stager, i) for i in items], repeat=repeat))
