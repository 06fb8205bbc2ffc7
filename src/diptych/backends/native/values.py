"""What a value of the graph is while C is written: where its elements are, or how they are computed.

A value is never an array by itself. Elements are asked for by index, views only change the index, and what is computed
elementwise is computed where it is used, until `realised` gives it memory (compare the loaders of PyTorch's Inductor).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from diptych.backends.native.nests import Nest

Size = int | str
"""A number of elements: known, or a C expression."""
Index = tuple[str, ...]

C_TYPES = {
    torch.float32: "float",
    torch.float64: "double",
    torch.int64: "int64_t",
    torch.int32: "int32_t",
    torch.int16: "int16_t",
    torch.int8: "int8_t",
    torch.uint8: "uint8_t",
    torch.bool: "bool",
}
WIDTHS = {torch.float32: 4, torch.float64: 8, torch.int64: 8, torch.int32: 4, torch.int16: 2, torch.int8: 1,
          torch.uint8: 1, torch.bool: 1}  # fmt: skip


def times(*sizes: Size) -> Size:
    """A product."""
    known = math.prod(size for size in sizes if isinstance(size, int))
    open_ = [size for size in sizes if isinstance(size, str)]
    if not open_ or known == 0:
        return known
    return "*".join(([str(known)] if known != 1 else []) + open_)


def contiguous_strides(sizes: Sequence[Size]) -> tuple[Size, ...]:
    """The strides of elements that lie one after the other."""
    made: list[Size] = []
    step: Size = 1
    for size in reversed(sizes):
        made.append(step)
        step = times(step, size)
    return tuple(reversed(made))


@dataclass(eq=False)
class Buffer:
    """Memory: `kind` is `arena`, `room` (of a size that only the run knows), `input`, `output`, `constant`, `tape`,
    `owned` by what PyTorch made, or `handed` to the caller with it.

    `loads` counts who reads it from memory.
    """

    name: str
    dtype: torch.dtype
    count: Size
    kind: str = "arena"
    loads: int = 0
    pinned: bool = False
    """Its address is taken."""
    place: Buffer | None = None
    """The input whose memory it is, if it is that of an input."""

    @property
    def memory(self) -> Buffer:
        """What is written when it is written to."""
        return self.place or self

    @property
    def type(self) -> str:
        """The C type of an element."""
        return C_TYPES[self.dtype]


class Value:
    """A tensor: `sizes` and `dtype`; `origin` is a C expression that tells which tensor of the program it is.

    `remark` names the user's line that it comes from.
    """

    def __init__(self, sizes: Sequence[Size], dtype: torch.dtype) -> None:
        self.sizes = tuple(sizes)
        self.dtype = dtype
        self.origin = ""
        self.base: Value | None = None
        """The value that it is a view of, if its own elements lie one after the other."""
        self.remark = ""

    @property
    def count(self) -> Size:
        """How many elements it has."""
        return times(*self.sizes)

    def load(self, nest: Nest, index: Index) -> str:
        """The element at an index."""
        raise NotImplementedError

    def flat(self) -> bool:
        """Whether one running number is as good as an index."""
        return False

    def leaves(self) -> list[tuple[Strided, bool]]:
        """What it reads; and whether at the same index as its own."""
        raise NotImplementedError

    cost = 0


class Strided(Value):
    """Elements of a buffer."""

    def __init__(
        self,
        buffer: Buffer,
        sizes: Sequence[Size],
        strides: Sequence[Size] | None = None,
        offset: Size = 0,
    ) -> None:
        super().__init__(sizes, buffer.dtype)
        self.buffer = buffer
        self.strides = contiguous_strides(sizes) if strides is None else tuple(strides)
        self.offset = offset

    def whole(self) -> bool:
        """Whether its elements lie one after the other."""
        return all(
            a == b or size == 1
            for a, b, size in zip(self.strides, contiguous_strides(self.sizes), self.sizes, strict=True)
        )

    def same(self, other: Strided) -> bool:
        """Whether it is the same view of the same memory."""
        mine = (self.buffer, self.sizes, self.strides, self.offset)
        return mine == (other.buffer, other.sizes, other.strides, other.offset)

    def flat(self) -> bool:
        return self.whole() or all(s == 0 or n == 1 for s, n in zip(self.strides, self.sizes, strict=True))

    def address(self, index: Index) -> str:
        """The place of an element in the buffer."""
        terms = [] if self.offset == 0 else [str(self.offset)]
        for position, stride, size in zip(index, self.strides, self.sizes, strict=True):
            if stride == 0 or size == 1 or position == "0":
                continue
            position = position if position.isidentifier() or position.isdigit() else f"({position})"
            terms.append(position if stride == 1 else f"{position}*{stride}")
        return " + ".join(terms) or "0"

    def load(self, nest: Nest, index: Index) -> str:
        known = nest.just_written(self, index)
        if known is not None:
            return known
        nest.reads.add(self.buffer)
        self.buffer.loads += 1
        return f"{self.buffer.name}[{self.address(index)}]"

    def running(self, position: str) -> str:
        """The place of element number `position`, if they lie one after the other."""
        return position if self.offset == 0 else f"{self.offset} + {position}"

    def load_flat(self, nest: Nest, position: str) -> str:
        """The element of a running number."""
        if self.whole():
            known = nest.just_written(self, (position,))
            if known is not None:
                return known
            at = self.running(position)
        else:
            at = str(self.offset)
        nest.reads.add(self.buffer)
        self.buffer.loads += 1
        return f"{self.buffer.name}[{at}]"

    def leaves(self) -> list[tuple[Strided, bool]]:
        return [(self, True)]


class Lazy(Value):
    """Elements computed from the elements of `parts` (of the same sizes) at the same index."""

    def __init__(
        self,
        sizes: Sequence[Size],
        dtype: torch.dtype,
        parts: Sequence[Value],
        formula: Callable[..., str],
        cost: int = 1,
    ) -> None:
        super().__init__(sizes, dtype)
        self.parts = tuple(parts)
        self.formula = formula
        self.cost = cost + sum(part.cost for part in parts)

    def load(self, nest: Nest, index: Index) -> str:
        return self.formula(*(nest.element(part, index) for part in self.parts))

    def flat(self) -> bool:
        return all(part.flat() for part in self.parts)

    def leaves(self) -> list[tuple[Strided, bool]]:
        return [leaf for part in self.parts for leaf in part.leaves()]


class Computed(Value):
    """Elements given by a function of the index; `parts` are what it reads, at other indices."""

    def __init__(
        self,
        sizes: Sequence[Size],
        dtype: torch.dtype,
        parts: Sequence[Value],
        function: Callable[[Nest, Index], str],
        cost: int = 1,
    ) -> None:
        super().__init__(sizes, dtype)
        self.parts = tuple(parts)
        self.function = function
        self.cost = cost + sum(part.cost for part in parts)

    def load(self, nest: Nest, index: Index) -> str:
        return self.function(nest, index)

    def leaves(self) -> list[tuple[Strided, bool]]:
        return [(leaf, False) for part in self.parts for leaf, _ in part.leaves()]


@dataclass(frozen=True)
class Number:
    """A Python number: its kind (`bool`, `int`, `float`) and the C expression that has it."""

    kind: str
    text: str
    value: Any = field(default=None, compare=False)

    @property
    def type(self) -> str:
        """The C type."""
        return {"bool": "bool", "int": "int64_t", "float": "double"}[self.kind]
