"""Whether two outcomes of a program are the same."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

from diptych.cli.outcome import Outcome


@dataclass(frozen=True)
class Agreement:
    """`differences` says in words what differs; `rounded` counts the tensors that are equal only up to rounding."""

    differences: tuple[str, ...]
    rounded: int = 0

    @property
    def holds(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        if self.differences:
            return "not equal: " + "; ".join(self.differences)
        return f"equal up to rounding in {self.rounded} tensors" if self.rounded else "equal, bit for bit"


def compare(imperative: Outcome, graph: Outcome) -> Agreement:
    """Compare result or exception, printed text, and what both left behind; the types by name."""
    found: list[str | Tensor] = []
    if imperative.error or graph.error:
        found += _same("the exception", _told(imperative.error), _told(graph.error))
    else:
        found += _differences("the result", imperative.result, graph.result)
    found += _same("the printed text", imperative.printed, graph.printed)
    found += _differences("the state afterwards", imperative.after, graph.after)
    words = tuple(f for f in found if isinstance(f, str))
    return Agreement(words, len(found) - len(words))


def _differences(path: str, one: Any, other: Any) -> Iterator[str | Tensor]:
    """Every difference in words; a tensor stands for itself where it differs by no more than rounding."""
    if type(one).__qualname__ != type(other).__qualname__:
        yield f"{path} is of type {type(one).__qualname__}, from the graph {type(other).__qualname__}"
    elif isinstance(one, Tensor):
        yield from _tensors(path, one, other)
    elif hasattr(one, "__array__"):
        yield from _tensors(path, torch.as_tensor(one), torch.as_tensor(other))
    elif isinstance(one, Mapping):
        yield from _same(f"the keys of {path}", list(one), list(other))
        for key in one.keys() & other.keys():
            yield from _differences(f"{path}[{key!r}]", one[key], other[key])
    elif isinstance(one, (list, tuple)):
        yield from _same(f"the length of {path}", len(one), len(other))
        for number, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from _differences(f"{path}[{number}]", a, b)
    elif is_dataclass(one) and not isinstance(one, type):
        for field in fields(one):
            yield from _differences(f"{path}.{field.name}", getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, float):
        if not math.isclose(one, other, rel_tol=1e-6) and not (math.isnan(one) and math.isnan(other)):
            yield f"{path} is {one}, from the graph {other}"
    elif type(one).__eq__ is not object.__eq__:
        yield from _same(path, one, other)


def _tensors(path: str, one: Tensor, other: Tensor) -> Iterator[str | Tensor]:
    here = (one.dtype, tuple(one.shape), one.requires_grad)
    there = (other.dtype, tuple(other.shape), other.requires_grad)
    if here != there:
        yield f"{path} is {_kind(*here)}, from the graph {_kind(*there)}"
        return
    try:
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
        return
    except AssertionError:
        pass
    try:
        torch.testing.assert_close(one, other, equal_nan=True)
        yield one
    except AssertionError as error:
        detail = [line for line in str(error).splitlines() if line.startswith(("Mismatched", "Greatest absolute"))]
        yield f"{path} differs: {', '.join(detail) or str(error).splitlines()[0]}"


def _kind(dtype: torch.dtype, shape: tuple[int, ...], requires_grad: bool) -> str:
    name = str(dtype).removeprefix("torch.")
    return f"{name}{list(shape)}{' with gradient' if requires_grad else ''}"


def _same(path: str, one: Any, other: Any) -> Iterator[str]:
    if one != other:
        yield f"{path} is {one!r}, from the graph {other!r}"


def _told(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}" if error else "no exception"
