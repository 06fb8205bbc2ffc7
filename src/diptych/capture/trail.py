"""What changed, and how to take it back: every write to a mutable place during a trace is noted here."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable, Hashable
from typing import Any, Protocol

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "<missing>"})()
"""The content of a place that does not exist."""


class Place(Protocol):
    """A mutable place: it has a key that tells it from others, and a content that can be read and put back."""

    @property
    def key(self) -> Hashable: ...
    def get(self) -> Any: ...
    def set(self, value: Any) -> None: ...


class CellPlace:
    """A closure cell."""

    def __init__(self, cell: Any, name: str = "") -> None:
        self.cell = cell
        self.name = name
        self.key = ("cell", id(cell))

    def get(self) -> Any:
        """The content, or MISSING."""
        try:
            return self.cell.cell_contents
        except ValueError:
            return MISSING

    def set(self, value: Any) -> None:
        """Fill or empty the cell."""
        if value is not MISSING:
            self.cell.cell_contents = value
        elif self.get() is not MISSING:
            del self.cell.cell_contents


class AttributePlace:
    """An attribute of an object, read and written without running user code."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner = owner
        self.name = name
        self.key = ("attribute", id(owner), name)

    def get(self) -> Any:
        """The attribute as found on the object itself, or MISSING."""
        own = getattr(self.owner, "__dict__", None)
        if own is not None:
            for table in ("_parameters", "_buffers", "_modules"):
                inner = own.get(table)
                if isinstance(inner, dict) and self.name in inner:
                    return inner[self.name]
            if self.name in own:
                return own[self.name]
            return MISSING
        return getattr(self.owner, self.name, MISSING)

    def set(self, value: Any) -> None:
        """Write the attribute where it is found."""
        own = getattr(self.owner, "__dict__", None)
        if own is None:
            if value is MISSING:
                delattr(self.owner, self.name)
            else:
                object.__setattr__(self.owner, self.name, value)
            return
        for table in ("_parameters", "_buffers", "_modules"):
            inner = own.get(table)
            if isinstance(inner, dict) and self.name in inner:
                if value is MISSING:
                    del inner[self.name]
                else:
                    inner[self.name] = value
                return
        if isinstance(self.owner, type):
            if value is MISSING:
                delattr(self.owner, self.name)
            else:
                setattr(self.owner, self.name, value)
        elif value is MISSING:
            own.pop(self.name, None)
        else:
            own[self.name] = value


def attributes(value: Any) -> dict[str, Any]:
    """The attributes of an object; the arguments of an exception are among them."""
    found = {"args": value.args} if isinstance(value, BaseException) else {}
    found |= {name: getattr(value, name) for name in slots(type(value)) if hasattr(value, name)}
    return {**found, **getattr(value, "__dict__", {})}


@functools.cache
def slots(kind: type) -> tuple[str, ...]:
    """The attributes for which the instances of a class written in Python have places of their own."""
    return tuple(
        name
        for base in reversed(kind.__mro__)
        if "__slots__" in base.__dict__
        for name, found in base.__dict__.items()
        if isinstance(found, types.MemberDescriptorType)
    )


def has_attributes(value: Any) -> bool:
    """Whether attributes of an object can be set."""
    return hasattr(value, "__dict__") or bool(slots(type(value)))


class GlobalPlace:
    """A name in a module's globals."""

    def __init__(self, table: dict[str, Any], name: str) -> None:
        self.table = table
        self.name = name
        self.key = ("global", id(table), name)

    def get(self) -> Any:
        """The value, or MISSING."""
        return self.table.get(self.name, MISSING)

    def set(self, value: Any) -> None:
        """Write or remove the name."""
        if value is MISSING:
            self.table.pop(self.name, None)
        else:
            self.table[self.name] = value


class GradientPlace:
    """The `.grad` of a leaf, as a place of the trail."""

    def __init__(self, store: Any) -> None:
        self.owner = store
        self.key = ("gradient", id(store))

    def get(self) -> Any:
        """The gradient, None, or UNREAD."""
        return self.owner.grad

    def set(self, value: Any) -> None:
        """Replace it; the tensor itself stays as it is."""
        self.owner.grad = value


CONTAINERS = (list, dict, set, collections.deque)


class ContentsPlace:
    """The whole contents of a list, dict, set or deque."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.key = ("contents", id(owner))

    def get(self) -> Any:
        """A shallow copy of the contents, in a plain container."""
        if isinstance(self.owner, dict):
            return dict(self.owner)
        return set(self.owner) if isinstance(self.owner, set) else list(self.owner)

    def set(self, value: Any) -> None:
        """Replace the contents; the container stays the same object."""
        if isinstance(self.owner, list):
            self.owner[:] = value
        elif isinstance(self.owner, collections.deque):
            self.owner.clear()
            self.owner.extend(value)
        else:
            self.owner.clear()
            self.owner.update(value)


class TailPlace(ContentsPlace):
    """The items that were appended to a list of `length` items."""

    def __init__(self, owner: list[Any], length: int) -> None:
        super().__init__(owner)
        self.length = length

    def get(self) -> Any:
        """The appended items."""
        return self.owner[self.length :]

    def set(self, value: Any) -> None:
        """Replace them."""
        self.owner[self.length :] = value


def same(a: Any, b: Any) -> bool:
    """Whether a place's content is the same thing as before (contents are compared item by item)."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(
            x is y or (type(x) is int and type(y) is int and x == y) for x, y in zip(a, b, strict=True)
        )
    if isinstance(a, dict):
        return list(a) == list(b) and all(a[k] is b[k] for k in a)
    return a == b if isinstance(a, set) else a is b


def unchanged(place: Any, now: Any, before: Any) -> bool:
    """Whether a place holds what it held: contents item by item, anything else as the object it is."""
    if isinstance(place, CellPlace | AttributePlace | GlobalPlace):
        return now is before
    return same(now, before)


class Layer:
    """The writes since some point: each place with its content before."""

    stays = False
    """Whether it may outlast the layers below it (a path on which an exception did not happen)."""

    def __init__(self) -> None:
        self.old: dict[Hashable, tuple[Any, Any]] = {}

    def touch(self, place: Place) -> None:
        """`place` is about to be written."""
        if place.key not in self.old:
            self.old[place.key] = (place, place.get())

    def changes(self) -> dict[Hashable, Change]:
        """The places whose content is not what it was."""
        found: dict[Hashable, Change] = {}
        for key, (place, before) in self.old.items():
            now = place.get()
            if not unchanged(place, now, before):
                found[key] = Change(place, before, now)
        return found

    def undo(self) -> None:
        """Put every content back."""
        for place, before in reversed(list(self.old.values())):
            place.set(before)


class Change:
    """A place, its content before, and its content after."""

    def __init__(self, place: Any, before: Any, after: Any) -> None:
        self.place = place
        self.before = before
        self.after = after


class Trail:
    """Layers of writes, one for each open side, round or attempt; the lowest is the whole trace."""

    def __init__(self) -> None:
        self.layers: list[Layer] = [Layer()]
        self.watch: Callable[[Place], None] = lambda place: None

    def touch(self, place: Place) -> None:
        """Call before `place` is written."""
        self.watch(place)
        self.layers[-1].touch(place)

    def write(self, place: Place, value: Any) -> None:
        """Write `value`, noted."""
        self.touch(place)
        place.set(value)

    def open(self) -> Layer:
        """Start a layer."""
        layer = Layer()
        self.layers.append(layer)
        return layer

    def abandon(self) -> None:
        """The trace is over: put everything back, whatever happened."""
        while self.layers:
            self.layers.pop().undo()

    def rewind(self, depth: int) -> None:
        """Take back and end the layers above the first `depth`."""
        while len(self.layers) > depth:
            self.close(self.layers[-1])

    def keep_above(self, depth: int) -> None:
        """An exception passes: what the layers above the first `depth` noted stays written."""
        for layer in reversed(self.layers[depth:]):
            if not layer.stays:
                self.keep(layer)

    def keep(self, layer: Layer) -> None:
        """End a layer, its changes noted in the layer below; layers that stay may be above it."""
        position = next(k for k, known in enumerate(self.layers) if known is layer)
        del self.layers[position]
        for key, entry in layer.old.items():
            self.layers[position - 1].old.setdefault(key, entry)

    def close(self, layer: Layer, keep: bool = False) -> dict[Hashable, Change]:
        """End the topmost layer: its changes are taken back, or kept and noted in the layer below."""
        if keep:
            self.keep(layer)
            return {}
        assert self.layers[-1] is layer
        changes = layer.changes()
        self.layers.pop()
        layer.undo()
        return changes
