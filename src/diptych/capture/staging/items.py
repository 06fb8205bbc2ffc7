"""What a loop goes over: items taken one by one by Python, or by an index that the graph computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from diptych.capture.staging.exceptions import certain
from diptych.capture.staging.iterators import Walk
from diptych.capture.staging.mixtures import Lazy, mixed_contents
from diptych.capture.staging.rows import RowsOf, rows_of
from diptych.capture.values import Scalar, Union, kind_of


class StagedRange:
    """`range` with a bound that only the graph knows."""

    def __init__(self, start: Any, stop: Any, step: Any) -> None:
        self.start, self.stop, self.step = start, stop, step


class Enumerated(Lazy):
    """`enumerate(items, start)`."""

    def __init__(self, items: Any, start: Any = 0) -> None:
        self.items, self.start = items, start

    def parts(self) -> tuple[Any, ...]:
        return (self.items,)

    def over(self, parts: tuple[Any, ...]) -> Lazy:
        return Enumerated(parts[0], self.start)


class Zipped(Lazy):
    """`zip(*items)`."""

    def __init__(self, items: tuple[Any, ...], strict: bool = False) -> None:
        self.items, self.strict = items, strict

    def parts(self) -> tuple[Any, ...]:
        return self.items

    def over(self, parts: tuple[Any, ...]) -> Lazy:
        return Zipped(parts, self.strict)


class Backwards(Lazy):
    """`reversed(items)`."""

    def __init__(self, items: Any) -> None:
        self.items = items

    def parts(self) -> tuple[Any, ...]:
        return (self.items,)

    def over(self, parts: tuple[Any, ...]) -> Lazy:
        return Backwards(parts[0])


class Items:
    """Items by Python's own iteration; subclasses also by index, which is `free` if it takes no copy of all items."""

    indexed = False
    free = False
    length: Any = None
    known: int | None = None

    def __init__(self, stager: Any, items: Any) -> None:
        self.stager = stager
        self.iterator: Iterator[Any] = iter(items)
        self.own = self.iterator is not items
        self.seen: list[Any] = []

    def take(self, k: int) -> Any:
        """Item `k`, in order; StopIteration at the end."""
        if not self.own:
            return self.stager.take_next(self.iterator)
        while len(self.seen) <= k:
            self.seen.append(self.stager.plain_item(next(self.iterator)))
        return self.seen[k]

    def at(self, index: Any) -> Any:
        """The item at an index of the graph."""
        raise TypeError("these items have no index")


class RangeItems(Items):
    """A range, staged or not."""

    indexed = free = True

    def __init__(self, stager: Any, start: Any, stop: Any, step: Any) -> None:
        self.stager = stager
        self.start, self.step = start, step
        if all(isinstance(v, int) for v in (start, stop, step)):
            self.known = self.length = len(range(start, stop, step))
        else:
            tape = stager.tape
            if not isinstance(step, int):
                raise tape.refuse("opaque-conversion", "the step of a range")
            span = stop - start if step > 0 else start - stop
            size = abs(step)
            rounds = span if size == 1 else (span + (size - 1)) // size
            self.length = tape.as_scalar(rounds)
            self.known = self.length if isinstance(self.length, int) else None

    def take(self, k: int) -> Any:
        if k >= self.length:
            raise StopIteration
        return self.at(k)

    def at(self, index: Any) -> Any:
        scaled = index if self.step == 1 else index * self.step
        return scaled if isinstance(self.start, int) and self.start == 0 else self.start + scaled


class TensorItems(Items):
    """The rows of a tensor."""

    indexed = free = True

    def __init__(self, stager: Any, tensor: torch.Tensor) -> None:
        if tensor.dim() == 0:
            raise TypeError("iteration over a 0-d tensor")
        self.stager, self.tensor = stager, tensor
        self.length = stager.tape.as_scalar(stager.traced(tensor).shape[0])
        self.known = self.length if isinstance(self.length, int) else None

    def take(self, k: int) -> Any:
        if k >= self.length:
            raise StopIteration
        return self.at(k)

    def at(self, index: Any) -> Any:
        return self.stager.getitem(self.tensor, index)


class ListItems(Items):
    """A list or tuple; by index if its items are of one type."""

    def __init__(self, stager: Any, items: Any) -> None:
        self.stager, self.items = stager, items
        self.known = self.length = len(items)
        self.indexed = len(items) > 0 and stager.uniform(items)
        self.stacked: RowsOf | None = None

    def take(self, k: int) -> Any:
        self.check()
        if k >= len(self.items):
            raise StopIteration
        return self.items[k]

    def check(self) -> None:
        """The loop's own body may have changed the list, in different ways on different paths."""
        if mixed_contents(self.items) is not None or rows_of(self.items) is not None:
            raise self.stager.tape.refuse("loop-items", "the list that a loop goes over grows or shrinks on some paths")

    def at(self, index: Any) -> Any:
        self.check()
        if isinstance(index, int):
            return self.items[index]
        return self.stager.pick(self.items, index)


class RowItems(Items):
    """A list whose length only the graph knows."""

    indexed = True

    def __init__(self, stager: Any, rows: RowsOf) -> None:
        self.stager, self.rows = stager, rows
        self.length = stager.tape.as_scalar(rows.columns[0].shape[0])
        self.known = self.length if isinstance(self.length, int) else None

    def take(self, k: int) -> Any:
        if k >= self.length:
            raise StopIteration
        return self.at(k)

    def at(self, index: Any) -> Any:
        return self.stager.row_at(self.rows, index)


class ObjectItems(Items):
    """The items that an object of the program gives one by one."""

    def __init__(self, stager: Any, iterator: Any) -> None:
        self.stager, self.iterator = stager, iterator

    def take(self, k: int) -> Any:
        method = class_method(self.iterator, "__next__")
        there, item = self.stager.expecting(
            lambda: (True, self.stager.call(method, self.iterator)), StopIteration, lambda: (False, None)
        )
        if not isinstance(there, bool):
            raise self.stager.tape.refuse("loop-items", "an iterator of the program ends by a tensor's decision")
        if not there:
            raise StopIteration
        return item


class BackwardItems(Items):
    """Indexed items from the end."""

    indexed = True

    def __init__(self, inner: Items) -> None:
        self.inner = inner
        self.length, self.known = inner.length, inner.known
        self.indexed, self.free = inner.indexed, inner.free

    def take(self, k: int) -> Any:
        if k >= self.length:
            raise StopIteration
        return self.at(k)

    def at(self, index: Any) -> Any:
        return self.inner.at(self.length - 1 - index)


class EnumeratedItems(Items):
    """Items with their number."""

    def __init__(self, stager: Any, inner: Items, start: Any) -> None:
        self.inner, self.start = inner, start
        self.length, self.known = inner.length, inner.known
        self.indexed, self.free = inner.indexed, inner.free

    def take(self, k: int) -> Any:
        return self.start + k, self.inner.take(k)

    def at(self, index: Any) -> Any:
        return (self.start + index if self.start != 0 else index), self.inner.at(index)


class ZippedItems(Items):
    """Several items side by side, as many as the shortest has."""

    def __init__(self, stager: Any, inner: list[Items], strict: bool) -> None:
        self.inner = inner
        self.indexed = all(i.indexed for i in inner) and bool(inner)
        self.free = all(i.free for i in inner)
        lengths = [i.length for i in inner]
        self.lengths = lengths if strict and all(isinstance(n, int) for n in lengths) else []
        if len(set(self.lengths)) > 1:
            self.indexed = False  # the end is an error
            return
        if strict and len({id(n) if isinstance(n, Scalar) else n for n in lengths}) > 1:
            raise stager.tape.refuse("unpacking", "zip(strict=True) over lengths that only the graph knows")
        if all(n is not None for n in lengths) and lengths:
            self.length = stager.smallest(lengths)
            self.known = self.length if isinstance(self.length, int) else None

    def take(self, k: int) -> Any:
        if not self.inner:
            raise StopIteration
        if self.lengths and k == min(self.lengths):
            try:
                list(zip(*map(range, self.lengths), strict=True))
            except ValueError as error:
                raise certain(error) from None
        return tuple([i.take(k) for i in self.inner])

    def at(self, index: Any) -> Any:
        return tuple(i.at(index) for i in self.inner)


def class_method(items: Any, name: str) -> Any:
    """What the class of an object defines under a name."""
    return next((base.__dict__[name] for base in type(items).__mro__ if name in base.__dict__), None)


def items_of(stager: Any, items: Any) -> Items:
    """How a loop takes the items of an iterable."""
    items = stager.lift(items)
    if isinstance(items, Union) or mixed_contents(items) is not None:
        items = stager.iterate(items)  # as many items on every path
    if isinstance(items, Scalar) or kind_of(items) in ("int", "float", "bool"):
        raise TypeError(f"'{kind_of(items)}' object is not iterable")
    if isinstance(items, range):
        return RangeItems(stager, items.start, items.stop, items.step)
    if isinstance(items, StagedRange):
        return RangeItems(stager, items.start, items.stop, items.step)
    if isinstance(items, torch.Tensor):
        return TensorItems(stager, items)
    if isinstance(items, Enumerated):
        return EnumeratedItems(stager, items_of(stager, items.items), items.start)
    if isinstance(items, Zipped):
        return ZippedItems(stager, [items_of(stager, i) for i in items.items], items.strict)
    if isinstance(items, Backwards):
        return BackwardItems(items_of(stager, items.items))
    if isinstance(items, Walk):
        return Items(stager, items)
    if stager.transforms(class_method(items, "__next__")):
        return ObjectItems(stager, items)
    iterator = stager.iterator(items)
    if iterator is not items:
        return items_of(stager, iterator)
    marker = rows_of(items)
    if marker is not None:
        return RowItems(stager, marker)
    if isinstance(items, list | tuple):
        return ListItems(stager, items)
    return Items(stager, items)
