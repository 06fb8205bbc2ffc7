"""The objects that there are before something is traced, to tell those from the ones that the trace makes."""

from __future__ import annotations

import gc
from functools import cached_property
from typing import Any


class Existing:
    """All objects that Python's collector knows of now; held, so that no new one gets the address of an old one."""

    def __init__(self) -> None:
        self.alive = gc.get_objects()

    @cached_property
    def ids(self) -> frozenset[int]:
        """Their addresses; few traces write to anything that has to be looked up here."""
        return frozenset(map(id, self.alive))

    def __contains__(self, value: Any) -> bool:
        """Whether an object is one of them."""
        return id(value) in self.ids
