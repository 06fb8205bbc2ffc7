"""The grammar of `--input`: what one argument of the program looks like.

SPEC   :=  "@" FILE  |  KIND ":" NUMBER  |  SIZES [":" DTYPE] [RANGE]
KIND   :=  "int" | "float" | "bool"
SIZES  :=  nothing (a tensor with no dimensions)  |  SIZE ("," SIZE)*
SIZE   :=  a whole number  |  LETTER ["=" a whole number]      a letter is a symbolic size
RANGE  :=  "[" low "," high "]"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from diptych.cli.problem import Problem

DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int64": torch.int64,
    "int32": torch.int32,
    "int16": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}

FORMS = (
    "3,4 or N,1,28,28:float32[0,1] (a tensor; a letter is a symbolic size), :float32 (no dimensions), "
    "int:3, float:0.5, bool:true, @file.pt"
)


@dataclass(frozen=True)
class Symbol:
    """A symbolic size called `name`; `example` is its size in the example data, None to choose one."""

    name: str
    example: int | None = None


@dataclass(frozen=True)
class TensorInput:
    """Random data of `dtype` and `sizes`; `low` and `high` bound its values, both included for integers."""

    sizes: tuple[int | Symbol, ...]
    dtype: torch.dtype
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class NumberInput:
    """A Python number."""

    value: int | float | bool


@dataclass(frozen=True)
class FileInput:
    """What `torch.load` finds in the file at `path`."""

    path: str


Input = TensorInput | NumberInput | FileInput


def parse(spec: str) -> Input:
    """The meaning of one `--input`; raises `Problem` with a caret under the character that does not fit."""
    if spec.startswith("@"):
        return FileInput(spec[1:]) if spec[1:] else _fail(spec, 1, "a file name is missing after '@'")
    kind, colon, literal = spec.partition(":")
    if colon and kind in _NUMBERS:
        return NumberInput(_number(spec, kind, literal))
    return _Scanner(spec).tensor()


_NUMBERS = {
    "int": r"[+-]?\d+",
    "float": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf|nan",
    "bool": r"true|false|True|False",
}


def _number(spec: str, kind: str, literal: str) -> int | float | bool:
    if not re.fullmatch(_NUMBERS[kind], literal):
        meant = {"int": "a whole number", "float": "a number", "bool": "true or false"}[kind]
        _fail(spec, len(kind) + 1, f"{kind}: is followed by {meant}")
    return literal.lower() == "true" if kind == "bool" else int(literal) if kind == "int" else float(literal)


def _fail(spec: str, at: int, why: str) -> Input:
    raise Problem(
        f"--input {spec!r} does not follow the grammar",
        where=f"--input {spec}\n{' ' * (at + len('--input '))}^",
        why=why,
        remedy=f"write one of: {FORMS}",
    )


class _Scanner:
    """Reads a tensor's SPEC from left to right; `at` is the next character."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.at = 0

    def tensor(self) -> TensorInput:
        if not self.spec:
            _fail("", 0, "it is empty")
        sizes = () if self.spec[0] in ":[" else self.sizes()
        dtype = self.dtype() if self.take(":") else torch.float32
        span = self.span(dtype) if self.spec[self.at : self.at + 1] == "[" else None
        if self.at < len(self.spec):
            _fail(self.spec, self.at, "expected ',', ':dtype', '[low,high]' or the end")
        return TensorInput(sizes, dtype, span)

    def take(self, pattern: str) -> str:
        """The text that matches here, consumed; empty if none does."""
        found = re.compile(pattern).match(self.spec, self.at)
        self.at = found.end() if found else self.at
        return found.group() if found else ""

    def sizes(self) -> tuple[int | Symbol, ...]:
        found = [self.size()]
        while self.take(","):
            found.append(self.size())
        return tuple(found)

    def size(self) -> int | Symbol:
        if number := self.take(r"\d+"):
            return int(number)
        name = self.take(r"[A-Za-z]\w*")
        if not name:
            _fail(self.spec, self.at, "expected a size: a whole number, or a letter for a symbolic size")
        if not self.take("="):
            return Symbol(name)
        example = self.take(r"\d+")
        if not example:
            _fail(self.spec, self.at, f"expected the example size of {name}: a whole number")
        return Symbol(name, int(example))

    def dtype(self) -> torch.dtype:
        start = self.at
        name = self.take(r"\w+")
        if name not in DTYPES:
            _fail(self.spec, start, f"expected a dtype: one of {', '.join(DTYPES)}")
        return DTYPES[name]

    def span(self, dtype: torch.dtype) -> tuple[float, float]:
        start = self.at
        if dtype == torch.bool or dtype.is_complex:
            _fail(self.spec, start, f"{str(dtype).removeprefix('torch.')} takes no range")
        self.take(r"\[")
        low = self.bound("low")
        if not self.take(","):
            _fail(self.spec, self.at, "expected ',' between the two ends of the range")
        high = self.bound("high")
        if not self.take(r"\]"):
            _fail(self.spec, self.at, "expected ']' after the range")
        if low > high:
            _fail(self.spec, start, f"the range is empty: {low:g} is above {high:g}")
        if not dtype.is_floating_point and not (low.is_integer() and high.is_integer()):
            _fail(self.spec, start, "the range of an integer dtype has whole ends")
        return low, high

    def bound(self, which: str) -> float:
        number = self.take(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
        if not number:
            _fail(self.spec, self.at, f"expected a number, the {which} end of the range")
        return float(number)
