"""The types of values that loops carry and functions take: what their leaves are."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import Any

import torch

from diptych.capture.trail import attributes
from diptych.capture.values import kind_of
from diptych.graph.layout import Layout, instance, mapping, sequence


@dataclass(frozen=True)
class TensorForm:
    """A tensor; a size of None varies."""

    dtype: torch.dtype
    device: torch.device
    shape: tuple[Any, ...]
    stride: tuple[Any, ...] | None
    grad: bool


@dataclass(frozen=True)
class NumberForm:
    """A Python number of one kind."""

    kind: str


@dataclass(frozen=True)
class ConstantForm:
    """The same object in every round."""

    value: Any


@dataclass(frozen=True, repr=False)
class HeldForm:
    """The same list or dict in every round; what it holds is carried as the content of a place."""

    value: Any

    def __repr__(self) -> str:
        return f"HeldForm({id(self.value)})"


@dataclass(frozen=True)
class PartsForm:
    """A container or object with the same structure in every round."""

    make: type
    names: tuple[Any, ...]
    parts: tuple[Any, ...]
    setting: Any = None


@dataclass(frozen=True)
class ChoiceForm:
    """One of two types, told apart by a flag."""

    then: Any
    orelse: Any


@dataclass(frozen=True)
class RowsForm:
    """A list that grows: columns of stacked items."""

    columns: tuple[TensorForm, ...]
    numbers: tuple[str | None, ...]
    item: Layout


Form = TensorForm | NumberForm | ConstantForm | HeldForm | PartsForm | ChoiceForm | RowsForm


def number_kind(form: Form) -> str | None:
    """The kind of number a form holds."""
    if isinstance(form, NumberForm):
        return form.kind
    return kind_of(form.value) if isinstance(form, ConstantForm) else None


def count(form: Form) -> int:
    """How many leaves a form has."""
    if isinstance(form, TensorForm | NumberForm):
        return 1
    if isinstance(form, ChoiceForm):
        return 1 + count(form.then) + count(form.orelse)
    if isinstance(form, RowsForm):
        return len(form.columns)
    return sum(map(count, form.parts)) if isinstance(form, PartsForm) else 0


def grows(form: Form) -> bool:
    """Whether a list of growing length is part of a form."""
    if isinstance(form, ChoiceForm):
        return grows(form.then) or grows(form.orelse)
    return isinstance(form, RowsForm) or (isinstance(form, PartsForm) and any(map(grows, form.parts)))


def take_apart(value: Any) -> list[Any]:
    """The parts of a container or object, in the order of its form."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | collections.deque):
        return list(value)
    return list(attributes(value).values())


def assemble(form: PartsForm, parts: list[Any]) -> Any:
    """A container or object from its parts."""
    make = form.make
    if issubclass(make, dict):
        return mapping(make, zip(form.names, parts, strict=True), form.setting)
    if issubclass(make, list | tuple | collections.deque):
        return sequence(make, parts, form.setting)
    return instance(make, zip(form.names, parts, strict=True))
