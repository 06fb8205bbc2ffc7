"""Example arguments, made from what `--input` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diptych.cli.inputs import FileInput, Input, NumberInput, Symbol, TensorInput
from diptych.cli.problem import Problem

SEED = 0
"""What all random example data is drawn from."""

_FREE_SIZES = (5, 7, 11, 13, 17, 19, 23, 29)
"""The first example sizes for letters without one: unequal, so that no two sizes agree by accident."""


@dataclass(frozen=True)
class Examples:
    """The arguments of one call, and which of their sizes are symbolic: `dynamic[argument][dimension]` is a name."""

    arguments: tuple[Any, ...]
    dynamic: dict[int, dict[int, str]]


def make(inputs: Sequence[Input], larger: int = 0) -> Examples:
    """Data for `inputs`, always the same for the same inputs; a letter stands for one size in all of them.

    `larger` is added to every size that a letter stands for.
    """
    sizes = {name: size + larger for name, size in _symbols(inputs).items()}
    random = torch.Generator().manual_seed(SEED)
    arguments = tuple(_argument(i, sizes, random) for i in inputs)
    dynamic = {
        number: {at: size.name for at, size in enumerate(i.sizes) if isinstance(size, Symbol)}
        for number, i in enumerate(inputs)
        if isinstance(i, TensorInput)
    }
    return Examples(arguments, {number: names for number, names in dynamic.items() if names})


def _symbols(inputs: Sequence[Input]) -> dict[str, int]:
    used = [s for i in inputs if isinstance(i, TensorInput) for s in i.sizes if isinstance(s, Symbol)]
    sizes: dict[str, int] = {}
    for symbol in used:
        if symbol.example is not None and sizes.setdefault(symbol.name, symbol.example) != symbol.example:
            raise Problem(
                f"the size {symbol.name} has two example values: {sizes[symbol.name]} and {symbol.example}",
                why="a letter stands for one size in all inputs",
                remedy="give one value, or use two letters",
            )
    taken = set(sizes.values())
    free = (size for size in chain(_FREE_SIZES, count(31, 2)) if size not in taken)
    for symbol in used:
        if symbol.name not in sizes:
            sizes[symbol.name] = next(free)
    return sizes


def _argument(given: Input, sizes: dict[str, int], random: torch.Generator) -> Any:
    match given:
        case NumberInput(value):
            return value
        case FileInput(path):
            return _load(path)
        case TensorInput():
            return _tensor(given, [sizes[s.name] if isinstance(s, Symbol) else s for s in given.sizes], random)


def _tensor(given: TensorInput, shape: list[int], random: torch.Generator) -> Tensor:
    try:
        return _draw(given.dtype, given.span, shape, random)
    except (RuntimeError, OverflowError) as error:
        name = str(given.dtype).removeprefix("torch.")
        span = "[{:g},{:g}]".format(*given.span) if given.span else ""
        raise Problem(
            f"no example data for sizes {','.join(map(str, shape))} of {name}{span}",
            why=str(error).partition("\n")[0],
            remedy="give smaller sizes, or a range that the dtype can hold",
        ) from error


def _draw(dtype: torch.dtype, span: tuple[float, float] | None, shape: list[int], random: torch.Generator) -> Tensor:
    if dtype.is_floating_point or dtype.is_complex:
        if span is None:
            return torch.randn(shape, generator=random, dtype=dtype)
        low, high = span
        return torch.rand(shape, generator=random, dtype=dtype) * (high - low) + low
    low, high = span or ((0, 1) if dtype == torch.bool else (0, 9))
    return torch.randint(int(low), int(high) + 1, shape, generator=random, dtype=dtype)


def _load(path: str) -> Any:
    if not Path(path).is_file():
        raise Problem(f"there is no file {path}", where=f"--input @{path}", remedy="give the path of a saved tensor")
    try:
        return torch.load(path, weights_only=True)
    except Exception as error:
        raise Problem(
            f"{path} cannot be read as saved tensors",
            where=f"--input @{path}",
            why=str(error).partition("\n")[0],
            remedy="save plain tensors (or lists, tuples, dicts of them) with torch.save",
        ) from error
