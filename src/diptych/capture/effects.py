"""Updates of the world outside: found at the end of a trace, carried out after the graph has run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from diptych.capture.trail import (
    MISSING,
    AttributePlace,
    CellPlace,
    ContentsPlace,
    GlobalPlace,
    GradientPlace,
    TailPlace,
)
from diptych.capture.values import Original, Undefined
from diptych.graph.layout import Layout, unpack


@dataclass(frozen=True)
class Update:
    """One update: `kind` and `path` for people, `target` finds what is updated, `value` what it becomes.

    `value` is None where the attribute, name or cell is removed.
    """

    kind: str
    path: str
    target: Callable[[Any], Any]
    value: Layout | None

    def apply(self, target: Any, outputs: Any) -> None:
        """Carry it out on what `target` has found; `outputs` are the flat outputs of the graph."""
        content = MISSING if self.value is None else unpack(self.value, outputs)
        if isinstance(content, Original):
            return
        if isinstance(content, Undefined):
            content = MISSING
        if self.kind == "tensor":
            write_tensor(target, content)
        else:
            target.set(content)


def write_tensor(target: torch.Tensor, value: torch.Tensor) -> None:
    """In place, with the history that the write has under autograd."""
    if target is value:
        return
    if (target.is_leaf and target.requires_grad) or not torch.is_grad_enabled():
        with torch.no_grad():
            target.copy_(value)
    else:
        target.copy_(value)


@dataclass(frozen=True)
class Fetch:
    """Finds the tensor at a source."""

    source: Any

    def __call__(self, roots: Any) -> Any:
        return self.of(self.source.fetch(roots))

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The same, of what was read at the source."""
        return tensor


@dataclass(frozen=True)
class PlaceAt:
    """Finds a place of an object that stands at a source (or is held)."""

    kind: type
    source: Any
    owner: Any
    name: str | None

    def __call__(self, roots: Any) -> Any:
        return self.of(self.source.fetch(roots) if self.source is not None else self.owner)

    def of(self, owner: Any) -> Any:
        """The same, of what was read at the source."""
        return self.kind(owner, self.name) if self.name is not None else self.kind(owner)


@dataclass(frozen=True)
class AppendedTo:
    """Finds a list to which the program appends."""

    source: Any

    def __call__(self, roots: Any) -> Any:
        return self.of(self.source.fetch(roots))

    def of(self, owner: list[Any]) -> Appending:
        """The same, of what was read at the source."""
        return Appending(owner)


class Appending:
    """The end of a list."""

    def __init__(self, owner: list[Any]) -> None:
        self.owner = owner

    def set(self, value: list[Any]) -> None:
        """Append the items."""
        self.owner.extend(value)


@dataclass(frozen=True)
class GradientAt:
    """Finds the `.grad` of the tensor at a source."""

    source: Any

    def __call__(self, roots: Any) -> Any:
        return self.of(self.source.fetch(roots))

    def of(self, tensor: torch.Tensor) -> GradientOf:
        """The same, of what was read at the source."""
        return GradientOf(tensor)


@dataclass(frozen=True)
class GradModeAt:
    """Finds whether autograd records."""

    def __call__(self, roots: Any) -> Any:
        return self

    def set(self, value: bool) -> None:
        """Set it."""
        torch._C._set_grad_enabled(value)


class GradientOf:
    """The `.grad` of a real tensor."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def set(self, value: Any) -> None:
        """Assign it."""
        self.tensor.grad = value


def describe(place: Any, world: Any) -> tuple[str, str, Any] | None:
    """Kind, path and finder of a place that belongs to the outside; None for one that the program made itself."""
    if isinstance(place, AttributePlace):
        source = world.sources.get(id(place.owner))
        if source is None and not isinstance(place.owner, torch.nn.Module | type):
            return None
        path = f"{source.path if source else type(place.owner).__name__}.{place.name}"
        return "attribute", path, PlaceAt(AttributePlace, source, place.owner, place.name)
    if isinstance(place, ContentsPlace):
        source = world.sources.get(id(place.owner))
        if source is None:
            return None
        if isinstance(place, TailPlace):
            return "appended", source.path, AppendedTo(source)
        return "contents", source.path, PlaceAt(ContentsPlace, source, None, None)
    if isinstance(place, GradientPlace):
        external = place.owner.external
        if external is None:
            return None
        return "attribute", f"{external.source.path}.grad", GradientAt(external.source)
    if isinstance(place, GlobalPlace):
        return "global", place.name, PlaceAt(GlobalPlace, None, place.table, place.name)
    if place.key == ("grad mode",):
        return "global", "torch's grad mode", GradModeAt()
    if isinstance(place, CellPlace):
        return "cell", place.name, PlaceAt(CellPlace, None, place.cell, place.name)
    return None
