"""What a value of a graph looks like: its type, without its data."""

from __future__ import annotations

from dataclasses import dataclass

import torch

Size = int | str
"""A known size, or the name of a symbolic one."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of `dtype` on `device`; sizes that vary are names such as `s0`."""

    dtype: torch.dtype
    shape: tuple[Size, ...]
    device: str = "cpu"

    def __str__(self) -> str:
        name = str(self.dtype).removeprefix("torch.")
        return f"{name}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class NumberSpec:
    """A Python number of `kind` `bool`, `int` or `float`; it stays a Python number when the graph runs."""

    kind: str

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True)
class AbsentSpec:
    """A slot that holds nothing on the path taken (`None` at run time)."""

    def __str__(self) -> str:
        return "absent"


Spec = TensorSpec | NumberSpec | AbsentSpec


@dataclass(frozen=True)
class Where:
    """A place in the user's source: file, line (from 1), the expression or statement, the function's name."""

    file: str
    line: int
    text: str = ""
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
