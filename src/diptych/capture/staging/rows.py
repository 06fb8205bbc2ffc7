"""Lists whose length only the graph knows: a Python list whose single item is a `RowsOf` marker."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.recording import Recorder
from diptych.capture.refusals import Refused
from diptych.capture.tensors import adopt, copied
from diptych.capture.values import Scalar, kind_of, shown
from diptych.graph import own
from diptych.graph.layout import Layout

DTYPES = {"float": torch.float64, "int": torch.int64, "bool": torch.bool}


class RowsOf:
    """Items of one type, stacked: row `i` of each column is a leaf of item `i`, whose structure is `item`.

    `numbers[k]` is the kind of Python number that column `k` holds, or None for tensors.
    """

    def __init__(self, columns: list[torch.Tensor], numbers: list[str | None], item: Layout) -> None:
        self.columns = columns
        self.numbers = numbers
        self.item = item

    def over(self, columns: list[torch.Tensor], *added: list[torch.Tensor]) -> RowsOf:
        """Items of the same type in other columns, which hold those of this list and of `added` ones."""
        for index, (new, kind) in enumerate(zip(columns, self.numbers, strict=True)):
            if kind is None:
                copied(new, self.columns[index], *(other[index] for other in added))
        return RowsOf(columns, self.numbers, self.item)

    def __repr__(self) -> str:
        return shown("<rows>", "a growing list")

    def __hash__(self) -> int:
        raise Refused("loop-state", "a growing list is hashed")


def rows_of(value: Any) -> RowsOf | None:
    """The marker inside a list (or tuple) of unknown length, if it is one."""
    if isinstance(value, list | tuple) and len(value) == 1 and type(value[0]) is RowsOf:
        return value[0]
    return None


def row(tape: Recorder, leaf: Any) -> tuple[torch.Tensor, str | None]:
    """A leaf of an item as a tensor with a leading dimension of 1, and the kind of number it was."""
    kind = kind_of(leaf)
    if kind is None:
        return torch.unsqueeze(leaf, 0), None
    if kind not in DTYPES:
        raise tape.refuse("loop-state", f"a list of {kind}")
    return number_tensor(tape, (leaf,), DTYPES[kind]), kind


def number_tensor(
    tape: Recorder, values: tuple[Any, ...], dtype: torch.dtype | None, device: str = "cpu"
) -> torch.Tensor:
    """`torch.tensor(values)` for nested tuples that hold numbers of the graph."""

    def example(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(example(v) for v in value)
        return {"int": 1, "float": 1.0, "bool": True}[value.kind] if isinstance(value, Scalar) else value

    def place(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(place(v) for v in value)
        return value.node if isinstance(value, Scalar) else value

    with tape.aside():
        fake = torch.tensor(example(values), dtype=dtype, device=device)
    node = tape.emit(own.OWN["from_numbers"], (place(values), dtype, device), None, tape.spec(fake))
    return adopt(tape, fake, node, False)
