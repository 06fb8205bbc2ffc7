"""Iteration and unpacking: the items of values of known length."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from diptych.capture.interpreter import PLAIN
from diptych.capture.staging.items import Backwards, Enumerated, Items, StagedRange, Zipped, items_of
from diptych.capture.staging.iterators import Iterators
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.rows import rows_of
from diptych.capture.values import Union


class Iteration(Iterators):
    """`for` in a comprehension, `a, b = value`, `f(*items)`."""

    def iterate(self, items: Any) -> Any:
        """Items that Python goes through."""
        items = self.lift(items)
        same_length: Any = None
        if isinstance(items, Union):
            same_length = self.distribute(lambda v: tuple(self.iterate(v)), items)
        elif mixed_contents(items) is not None:
            same_length = self.through_mixed(items, lambda: tuple(self.iterate(items)))
        if isinstance(same_length, tuple) and rows_of(same_length) is None:
            return same_length
        if same_length is not None or rows_of(items) is not None:
            raise self.tape.refuse("unpacking")
        if isinstance(items, list | tuple | dict | set | str):
            return items
        found = items_of(self, items)
        if not self.special_items(items) or (found.known is None and found.length is None):
            return each_item(found)
        if found.known is None:
            raise self.tape.refuse("unpacking")
        return [found.take(k) for k in range(found.known)]

    def spread(self, body: Callable[..., Any], places: tuple[int, ...], *parts: Any) -> Any:
        """`f(*items, **mapping)`: for items whose number depends on the path, on each of them."""
        for place in places:
            value = self.lift(parts[place])
            if not isinstance(value, Union) and mixed_contents(value) is None:
                continue

            def again(known: Any, place: int = place) -> Any:
                return self.spread(body, places, *parts[:place], known, *parts[place + 1 :])

            if isinstance(value, Union):
                return self.distribute(again, value)
            return self.through_mixed(value, lambda again=again, value=value: again(value))
        return body(*parts)

    def special_items(self, items: Any) -> bool:
        return isinstance(items, StagedRange | Enumerated | Zipped | Backwards | torch.Tensor)

    def unpack(self, value: Any, count: int, star: int) -> Any:
        """`a, b = value`."""
        value = self.resolve(value)
        if isinstance(value, Union):
            return self.distribute(lambda v: self.unpack(v, count, star), value)
        if mixed_contents(value) is not None:
            return self.through_mixed(value, lambda: self.unpack(value, count, star))
        return PLAIN.unpack(self.iterate(value), count, star)

    def slice(self, start: Any, stop: Any, step: Any) -> Any:
        """`start:stop:step`; integer tensors are numbers here."""
        return slice(*(self.to_int(v) if isinstance(v, torch.Tensor) else self.resolve(v) for v in (start, stop, step)))


def each_item(found: Items) -> Iterator[Any]:
    """The items of an iterator, or of an object that makes one, when they are asked for."""
    for k in itertools.count():
        try:
            item = found.take(k)
        except StopIteration:
            return
        yield item
