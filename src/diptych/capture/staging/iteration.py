"""Iteration and unpacking: the items of values of known length."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.staging.items import Backwards, Enumerated, StagedRange, Zipped, items_of
from diptych.capture.staging.mixtures import Mixtures, mixed_contents
from diptych.capture.staging.rows import rows_of
from diptych.capture.values import Union


class Iteration(Mixtures):
    """`for` in a comprehension, `a, b = value`, `f(*items)`."""

    def iterate(self, items: Any) -> Any:
        """Items that Python goes through."""
        items = self.resolve(items)
        if isinstance(items, Union):
            same_length = self.distribute(lambda v: tuple(self.iterate(v)), items)
            if isinstance(same_length, tuple):
                return same_length
        if isinstance(items, Union) or rows_of(items) is not None or mixed_contents(items) is not None:
            raise self.tape.refuse("unpacking")
        if isinstance(items, list | tuple | dict | set | str) or not self.special_items(items):
            return items
        found = items_of(self, items)
        if found.known is None:
            raise self.tape.refuse("unpacking")
        return [found.take(k) for k in range(found.known)]

    def special_items(self, items: Any) -> bool:
        return isinstance(items, StagedRange | Enumerated | Zipped | Backwards | torch.Tensor)

    def unpack(self, value: Any, count: int, star: int) -> Any:
        """`a, b = value`."""
        value = self.resolve(value)
        if isinstance(value, Union):
            alternatives = self.distribute(lambda v: tuple(self.iterate(v)), value)
            if isinstance(alternatives, tuple):
                return alternatives
            raise self.tape.refuse("unpacking")
        if isinstance(value, list) and mixed_contents(value) is not None:
            return self.unpack(self.through_mixed(value, lambda: tuple(value)), count, star)
        return self.iterate(value)

    def slice(self, start: Any, stop: Any, step: Any) -> Any:
        """`start:stop:step`; integer tensors are numbers here."""
        return slice(*(self.to_int(v) if isinstance(v, torch.Tensor) else self.resolve(v) for v in (start, stop, step)))
