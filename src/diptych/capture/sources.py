"""Sources: where a value of the outside is found, as a chain of reads that each call repeats."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.trail import MISSING, AttributePlace


def every_item(path: str) -> str:
    """A path with any index where it has numbers in brackets: the same place in all items of a list."""
    return re.sub(r"\[\d+\]", "[*]", path)


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a value of the world outside is found: a step from another source."""

    path: str
    parent: Source | None
    read: Callable[[Any], Any]

    def fetch(self, roots: Any) -> Any:
        """The value there now."""
        return self.read(self.parent.fetch(roots) if self.parent is not None else roots)


@dataclasses.dataclass(frozen=True)
class Argument:
    """Reads an argument from the roots of a call."""

    name: str

    def __call__(self, roots: Any) -> Any:
        return roots.arguments[self.name]


def read_function(roots: Any) -> Any:
    """The program itself."""
    return roots.function


def read_names(roots: Any) -> Any:
    """Which arguments a call has."""
    return tuple(roots.arguments)


def read_self(roots: Any) -> Any:
    """The object of a bound method."""
    return roots.function.__self__


@dataclasses.dataclass(frozen=True)
class Attribute:
    """Reads an attribute where it is stored."""

    name: str

    def __call__(self, owner: Any) -> Any:
        found = AttributePlace(owner, self.name).get()
        return getattr(owner, self.name) if found is MISSING else found


@dataclasses.dataclass(frozen=True)
class ClassEntry:
    """Reads what a class (or a base of it) defines under a name."""

    kind: type
    name: str

    def __call__(self, roots: Any) -> Any:
        for base in self.kind.__mro__:
            if self.name in base.__dict__:
                return base.__dict__[self.name]
        raise AttributeError(self.name)


@dataclasses.dataclass(frozen=True)
class Item:
    """Reads an item."""

    key: Any

    def __call__(self, owner: Any) -> Any:
        return owner[self.key]


@dataclasses.dataclass(frozen=True)
class Constantly:
    """An object that was reached without a path: held as it is."""

    value: Any

    def __call__(self, roots: Any) -> Any:
        return self.value


@dataclasses.dataclass(frozen=True)
class CallAgain:
    """Calls a cached function again: the same answer as long as its cache holds."""

    function: Any
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]

    def __call__(self, roots: Any) -> Any:
        return self.function(*self.args, **dict(self.kwargs))


class CellSource:
    """Reads a closure cell."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell

    def __call__(self, roots: Any) -> Any:
        return self.cell.cell_contents


class GlobalSource:
    """Reads a global."""

    def __init__(self, table: dict[str, Any], name: str) -> None:
        self.table, self.name = table, name

    def __call__(self, roots: Any) -> Any:
        return self.table[self.name]


def item_source(parent: Source, key: Any, position: int = 0) -> Source:
    """An item of a container; parameters and submodules go by their names."""
    for table in ("._modules", "._parameters", "._buffers"):
        if parent.path.endswith(table):
            return Source(f"{parent.path.removesuffix(table)}.{key}", parent, Item(key))
    text = f"<{type(key).__name__} {position}>" if isinstance(key, torch.Tensor) else repr(key)
    return Source(f"{parent.path}[{text}]", parent, Item(key))
