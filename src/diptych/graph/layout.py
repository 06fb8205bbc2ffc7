"""How a Python value is built from the flat outputs of a graph."""

from __future__ import annotations

import collections
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Leaf:
    """Output number `index`."""

    index: int


@dataclass(frozen=True)
class Constant:
    """A Python value that the trace found to be the same on every run."""

    value: Any


@dataclass(frozen=True)
class Sequence_:
    """A tuple, list, set, frozenset, deque or named tuple: `make` is the type, `items` its layouts in order."""

    make: type
    items: tuple[Layout, ...]
    setting: Any = None
    """What else it has: how long a deque may become."""


@dataclass(frozen=True)
class Mapping_:
    """A dict (or a subclass): constant keys in order, and their layouts."""

    make: type
    keys: tuple[Any, ...]
    items: tuple[Layout, ...]
    setting: Any = None
    """What else it has: what a defaultdict calls for a new entry."""


@dataclass(frozen=True)
class Object_:
    """An instance of `make` with attributes `names`; made without calling `__init__`."""

    make: type
    names: tuple[str, ...]
    items: tuple[Layout, ...]


@dataclass(frozen=True)
class Choice:
    """`then` if output `tag` holds, else `orelse`: a value whose type depends on the path taken."""

    tag: int
    then: Layout
    orelse: Layout


@dataclass(frozen=True)
class Rows:
    """A list with one item for each row of stacked outputs: `item` is the layout of one item over `columns`.

    Column `k` of an item is row `i` of output `columns[k]`; where `numbers[k]`, as a Python number.
    """

    columns: tuple[int, ...]
    numbers: tuple[bool, ...]
    item: Layout


@dataclass(frozen=True)
class Shared:
    """An object that stands in several places of what a run leaves: made once, and number `number` of such objects."""

    number: int
    value: Layout


Layout = Leaf | Constant | Sequence_ | Mapping_ | Object_ | Choice | Rows | Shared


class Values(list[Any]):
    """The flat outputs of one run, and the shared objects made of them so far."""

    def __init__(self, flat: Iterable[Any]) -> None:
        super().__init__(flat)
        self.made: dict[int, Any] = {}


def setting(container: Any) -> Any:
    """What a container has besides its type and items."""
    if isinstance(container, collections.deque):
        return container.maxlen
    return container.default_factory if isinstance(container, collections.defaultdict) else None


def sequence(make: Any, items: Iterable[Any], setting: Any = None) -> Any:
    """A container of this type with these items."""
    if hasattr(make, "_fields"):
        return make(*items)
    return make(items) if setting is None else make(items, setting)


def mapping(make: Any, pairs: Iterable[tuple[Any, Any]], setting: Any = None) -> Any:
    """A dict of this type with these items."""
    made = make.__new__(make)
    if setting is not None:
        made.default_factory = setting
    for key, value in pairs:
        made[key] = value
    return made


def instance(make: type, pairs: Iterable[tuple[str, Any]]) -> Any:
    """An object of this type with these attributes, made without calling `__init__`."""
    made = make.__new__(make) if issubclass(make, BaseException) else object.__new__(make)
    for name, value in pairs:
        object.__setattr__(made, name, value)
    return made


def unpack(layout: Layout, flat: Sequence[Any]) -> Any:
    """Build the Python value that `layout` describes from the flat outputs."""
    match layout:
        case Leaf(index):
            return flat[index]
        case Constant(value):
            return value
        case Sequence_(make, items, setting):
            return sequence(make, [unpack(item, flat) for item in items], setting)
        case Mapping_(make, keys, items, setting):
            return mapping(make, zip(keys, [unpack(item, flat) for item in items], strict=True), setting)
        case Object_(make, names, items):
            return instance(make, zip(names, [unpack(item, flat) for item in items], strict=True))
        case Choice(tag, then, orelse):
            return unpack(then if flat[tag] else orelse, flat)
        case Rows(columns, numbers, item):
            table = [flat[c].tolist() if n else flat[c].unbind(0) for c, n in zip(columns, numbers, strict=True)]
            return [unpack(item, row) for row in zip(*table, strict=True)]
        case Shared(number, value):
            if not isinstance(flat, Values):
                return unpack(layout, Values(flat))
            if number not in flat.made:
                flat.made[number] = unpack(value, flat)
            return flat.made[number]


def builder(layout: Layout) -> Callable[[Sequence[Any]], Any]:
    """`unpack` of this layout, as a function of the flat outputs."""
    match layout:
        case Leaf(index):
            return operator.itemgetter(index)
        case Sequence_(make, items) if make is tuple and len(items) > 1:
            leaves = [item.index for item in items if isinstance(item, Leaf)]
            if len(leaves) == len(items):
                return operator.itemgetter(*leaves)
        case _:
            pass
    return lambda flat: unpack(layout, flat if isinstance(flat, Values) else Values(flat))


def rename(layout: Layout, index: Callable[[int], int]) -> Layout:
    """The same layout with every output number `i` replaced by `index(i)` (columns of `Rows` included)."""
    match layout:
        case Leaf(i):
            return Leaf(index(i))
        case Constant():
            return layout
        case Sequence_(make, items, setting):
            return Sequence_(make, tuple(rename(item, index) for item in items), setting)
        case Mapping_(make, keys, items, setting):
            return Mapping_(make, keys, tuple(rename(item, index) for item in items), setting)
        case Object_(make, names, items):
            return Object_(make, names, tuple(rename(item, index) for item in items))
        case Choice(tag, then, orelse):
            return Choice(index(tag), rename(then, index), rename(orelse, index))
        case Rows(columns, numbers, item):
            return Rows(tuple(map(index, columns)), numbers, item)
        case Shared(number, value):
            return Shared(number, rename(value, index))
