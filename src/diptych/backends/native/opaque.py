"""Operations without native code of their own: the function calls PyTorch for them.

Random draws are among them, so that the stream is that of PyTorch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from diptych.backends.native.numbers import as_number
from diptych.backends.native.values import Number, Size, Strided, Value, times
from diptych.graph.spec import NumberSpec

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter

NUMBERS: dict[str, Any] = {"bool": ctypes.c_bool, "int": ctypes.c_int64, "float": ctypes.c_double}
"""The C types of Python's numbers."""


@dataclass(frozen=True)
class Slot:
    """Operand or result number `index` of a call: a tensor of these sizes, or a number of this kind."""

    index: int
    dtype: torch.dtype | None
    sizes: tuple[int, ...]
    kind: str = ""

    def read(self, pointers: Any) -> Any:
        """What stands there."""
        address = pointers[self.index]
        if self.dtype is None:
            return NUMBERS[self.kind].from_address(address).value
        return at_address(address, self.dtype, self.sizes)

    def write(self, pointers: Any, value: Any) -> None:
        """Put a number there."""
        place = NUMBERS[self.kind].from_address(pointers[self.index])
        place.value = value
        if place.value != value and value == value:
            raise OverflowError(f"{value} is larger than C's numbers")


def at_address(address: int, dtype: torch.dtype, sizes: Sequence[int]) -> torch.Tensor:
    """A tensor over memory that somebody else owns."""
    count = 1
    for size in sizes:
        count *= size
    if count == 0:
        return torch.empty(tuple(sizes), dtype=dtype)
    memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(address)
    return torch.frombuffer(memory, dtype=dtype, count=count).view(tuple(sizes))


@dataclass(frozen=True)
class Held:
    """A value that only Python has (a text, an order): what call number `index` of this run gave."""

    index: int


@dataclass(frozen=True)
class OpaqueCall:
    """A call of PyTorch or Python: `arguments` with slots in them, and where the results go.

    `held` is where its result is kept, if it is neither tensors nor a number.
    """

    target: Any
    arguments: Any
    results: tuple[Slot | None, ...] = ()
    bare: bool = True
    held: int | None = None

    def __call__(self, pointers: Any, kept: dict[int, Any]) -> None:
        def value_of(leaf: Any) -> Any:
            if isinstance(leaf, Slot):
                return leaf.read(pointers)
            return kept[leaf.index] if isinstance(leaf, Held) else leaf

        args, kwargs = pytree.tree_map(value_of, self.arguments, is_leaf=lambda v: isinstance(v, Slot | Held))
        made = self.target(*args, **kwargs)
        if self.held is not None:
            kept[self.held] = made
            return
        for slot, value in zip(self.results, (made,) if self.bare else made, strict=True):
            if slot is None:
                continue
            if slot.dtype is None:
                slot.write(pointers, value)
            else:
                slot.read(pointers).copy_(value)


class Operands:
    """The operands of a call, as pointers in C and as slots in Python."""

    def __init__(self, writer: FunctionWriter) -> None:
        self.writer = writer
        self.pointers: list[str] = []
        self.reads: list[Any] = []

    def place(self, value: Any) -> Any:
        """A slot for an operand."""
        writer = self.writer
        if isinstance(value, Value):
            found = writer.whole(value)
            self.reads.append(found.buffer)
            name = found.buffer.name
            self.pointers.append(name if found.offset == 0 else f"{name} + {found.offset}")
            return Slot(len(self.pointers) - 1, found.dtype, fixed(writer, found.sizes))
        if isinstance(value, Number):
            name = writer.number(value.kind, as_number(value).text).text
            self.pointers.append(f"&{name}")
            return Slot(len(self.pointers) - 1, None, (), value.kind)
        return value

    def all(self, args: Any, kwargs: Any) -> Any:
        """Slots for all operands."""
        return pytree.tree_map(self.place, (args, kwargs), is_leaf=lambda v: isinstance(v, Value | Number | Held))

    def call(self, call: OpaqueCall, writes: Sequence[Any] = ()) -> None:
        """The lines of the call."""
        writer = self.writer
        writer.can_fail = True
        number = len(writer.opaque)
        writer.opaque.append(call)
        listed = ", ".join(f"(void *)({p})" for p in self.pointers) or "0"
        writer.lines(
            f"// {writer.remark}",
            f"{{ void *pointers[] = {{{listed}}}; if (d_python({number}, pointers)) {{ d_failed = 3; goto d_end; }} }}",
            reads=self.reads,
            writes=list(writes),
        )


def call_torch(writer: FunctionWriter, target: Any, out: Any, args: Any, kwargs: Any) -> Any:
    """Write a call of PyTorch."""
    writer.random |= torch.Tag.nondeterministic_seeded in getattr(target, "tags", ())
    operands = Operands(writer)
    arguments = operands.all(args, kwargs)
    made: list[Any] = []
    results: list[Slot | None] = []
    for value in out if isinstance(out, tuple) else (out,):
        if not isinstance(value, torch.Tensor):
            made.append(None)
            results.append(None)
            continue
        sizes = fixed(writer, writer.sizes(value))
        target_ = Strided(writer.buffer(value.dtype, times(*sizes)), sizes)
        operands.pointers.append(target_.buffer.name)
        results.append(Slot(len(operands.pointers) - 1, value.dtype, sizes))
        made.append(target_)
    call = OpaqueCall(target, arguments, tuple(results), not isinstance(out, tuple))
    operands.call(call, [value.buffer for value in made if value is not None])
    return tuple(made) if isinstance(out, tuple) else made[0]


def call_python(writer: FunctionWriter, target: Any, spec: Any, args: Any, kwargs: Any) -> Any:
    """Write a call of a function of Python's world: a line told, a text, a draw, a clock."""
    writer.random = True
    operands = Operands(writer)
    arguments = operands.all(args, kwargs)
    if isinstance(spec, NumberSpec) and spec.kind in NUMBERS:
        made = Number(spec.kind, writer.names.fresh("n"))
        writer.lines(f"{made.type} {made.text} = 0;")
        operands.pointers.append(f"&{made.text}")
        slot = Slot(len(operands.pointers) - 1, None, (), spec.kind)
        operands.call(OpaqueCall(target, arguments, (slot,)))
        return made
    held = Held(len(writer.opaque))
    operands.call(OpaqueCall(target, arguments, held=held.index))
    return held


def fixed(writer: FunctionWriter, sizes: Sequence[Size]) -> tuple[int, ...]:
    """Sizes that are known."""
    if not all(isinstance(size, int) for size in sizes):
        raise writer.refuse("a call of PyTorch on tensors of open size")
    return tuple(int(size) for size in sizes)
