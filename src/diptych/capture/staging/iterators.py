"""Iterators: how far one has gone is state like any other; where it cannot be put back, using it again is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diptych.capture.hooks import HOOKS
from diptych.capture.staging.mixtures import MIXED, Mixed, Mixtures, mixed_contents
from diptych.capture.staging.rows import RowsOf, rows_of
from diptych.capture.trail import AttributePlace
from diptych.capture.values import COMPARISONS, Scalar

EXHAUSTED = -1


class Walk:
    """`iter(items)` of a sequence: the position is an attribute that the trail can put back."""

    def __init__(self, items: Any) -> None:
        self.items, self.position = items, 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return HOOKS.take_next(self)


class IteratorPlace:
    """How many items have been taken from an iterator that only Python can move."""

    def __init__(self, taken: dict[int, tuple[int, Any]], iterator: Any) -> None:
        self.taken = taken
        self.owner = iterator
        self.key = ("iterator", id(iterator))

    def get(self) -> Any:
        """The number of items taken on this path."""
        return self.taken.get(id(self.owner), (0, 0))[1]

    def set(self, value: Any) -> None:
        """Another path begins: the iterator itself stays where it is."""
        real = self.taken.get(id(self.owner), (0, 0))[0]
        self.taken[id(self.owner)] = (real, value)


class Iterators(Mixtures):
    """Taking items from iterators."""

    def take_next(self, iterator: Any) -> Any:
        """`next(iterator)`."""
        if isinstance(iterator, Walk):
            return self.walk_on(iterator)
        place = IteratorPlace(self.taken, iterator)
        real, here = self.taken.setdefault(id(iterator), (0, 0))
        self.kept.append(iterator)
        if type(here) is not int or here != real:
            raise self.tape.refuse("generator-decision", "an iterator is used on several paths, or in a staged loop")
        self.tape.trail.touch(place)
        self.taken[id(iterator)] = (real + 1, real + 1)
        return self.plain_item(next(iterator))

    def plain_item(self, item: Any) -> Any:
        """An item that Python's own iteration gave; markers are not for the program."""
        if isinstance(item, Mixed | RowsOf) or item is MIXED:
            raise self.tape.refuse("unpacking", "an iterator over items that depend on the path")
        return item

    def walk_on(self, walk: Walk) -> Any:
        """The next item of a sequence."""
        if mixed_contents(walk.items) is not None:
            return self.through_mixed(walk.items, lambda: self.walk_on(walk))
        if rows_of(walk.items) is not None:
            raise self.tape.refuse("loop-state", "next() of an iterator over a growing list")
        position: Any = walk.position
        place = AttributePlace(walk, "position")
        if not isinstance(walk.items, list | tuple | str | range):
            return self.walk_on_object(walk, place)

        def item() -> Any:
            self.tape.trail.write(place, self.binary("Add", position, 1))
            return self.getitem(walk.items, position)

        def end() -> Any:
            self.tape.trail.write(place, EXHAUSTED)
            raise StopIteration

        if not isinstance(position, Scalar):
            return item() if 0 <= position < len(walk.items) else end()
        inside = self.all_true(
            self.tape.scalar(COMPARISONS["ge"], position, 0),
            lambda: self.tape.scalar(COMPARISONS["lt"], position, len(walk.items)),
        )
        return self.choose(inside, item, end)

    def walk_on_object(self, walk: Walk, place: AttributePlace) -> Any:
        """The next item of an object that has items by number, until it raises IndexError."""
        position: Any = walk.position
        if position == EXHAUSTED:
            raise StopIteration
        there, item = self.expecting(
            lambda: (True, self.getitem(walk.items, position)), IndexError, lambda: (False, None)
        )
        if not isinstance(there, bool) or not isinstance(position, int):
            raise self.tape.refuse("loop-items", "a tensor decides how many items an object has")
        self.tape.trail.write(place, position + 1 if there else EXHAUSTED)
        if not there:
            raise StopIteration
        return item
