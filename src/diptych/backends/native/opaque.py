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

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter


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
            types = {"bool": ctypes.c_bool, "int": ctypes.c_int64, "float": ctypes.c_double}
            return types[self.kind].from_address(address).value
        return at_address(address, self.dtype, self.sizes)


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
class OpaqueCall:
    """A call of PyTorch: `arguments` with slots in them, and where the results go."""

    target: Any
    arguments: Any
    results: tuple[Slot | None, ...]
    bare: bool

    def __call__(self, pointers: Any) -> None:
        args, kwargs = pytree.tree_map(
            lambda v: v.read(pointers) if isinstance(v, Slot) else v,
            self.arguments,
            is_leaf=lambda v: isinstance(v, Slot),
        )
        made = self.target(*args, **kwargs)
        for slot, value in zip(self.results, (made,) if self.bare else made, strict=True):
            if slot is not None:
                slot.read(pointers).copy_(value)


def call_torch(writer: FunctionWriter, target: Any, out: Any, args: Any, kwargs: Any) -> Any:
    """Write a call of PyTorch."""
    tags = getattr(target, "tags", ())
    writer.random |= torch.Tag.nondeterministic_seeded in tags
    writer.can_fail = True
    pointers: list[str] = []
    reads: list[Any] = []

    def operand(value: Any) -> Any:
        if isinstance(value, Value):
            found = writer.whole(value)
            reads.append(found.buffer)
            pointers.append(found.buffer.name if found.offset == 0 else f"{found.buffer.name} + {found.offset}")
            return Slot(len(pointers) - 1, found.dtype, fixed(writer, found.sizes))
        if isinstance(value, Number):
            name = writer.number(value.kind, as_number(value).text).text
            pointers.append(f"&{name}")
            return Slot(len(pointers) - 1, None, (), value.kind)
        return value

    arguments = pytree.tree_map(operand, (args, kwargs), is_leaf=lambda v: isinstance(v, Value | Number))
    made: list[Any] = []
    results: list[Slot | None] = []
    for value in out if isinstance(out, tuple) else (out,):
        if not isinstance(value, torch.Tensor):
            made.append(None)
            results.append(None)
            continue
        sizes = fixed(writer, writer.sizes(value))
        target_ = Strided(writer.buffer(value.dtype, times(*sizes)), sizes)
        pointers.append(target_.buffer.name)
        results.append(Slot(len(pointers) - 1, value.dtype, sizes))
        made.append(target_)
    number = len(writer.opaque)
    writer.opaque.append(OpaqueCall(target, arguments, tuple(results), not isinstance(out, tuple)))
    listed = ", ".join(f"(void *)({p})" for p in pointers) or "0"
    writes = [value.buffer for value in made if value is not None]
    writer.lines(
        f"// {writer.remark}",
        f"{{ void *pointers[] = {{{listed}}}; if (d_python({number}, pointers)) {{ d_failed = 3; goto d_end; }} }}",
        reads=reads,
        writes=writes,
    )
    return tuple(made) if isinstance(out, tuple) else made[0]


def fixed(writer: FunctionWriter, sizes: Sequence[Size]) -> tuple[int, ...]:
    """Sizes that are known."""
    if not all(isinstance(size, int) for size in sizes):
        raise writer.refuse("a call of PyTorch on tensors of open size")
    return tuple(int(size) for size in sizes)
