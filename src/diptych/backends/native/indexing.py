"""Elements by number: gather, index_select, embedding, and adding to rows by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from diptych.backends.native.nests import Nest, Update
from diptych.backends.native.values import Computed, Index, Strided, Value, times
from diptych.backends.native.writer import CodeWriter, broadcast


def place(writer: CodeWriter, nest: Nest, index: Value, at: Index, size: Any, wraps: bool = False) -> str:
    """A row number as the program gives it, checked; counted from the front, if one `wraps` that is negative."""
    writer.can_fail = True
    found = nest.element(index, at)
    name = writer.names.fresh("p")
    wrapped = f"{found} < 0 ? (int64_t){found} + {size} : " if wraps else ""
    nest.add(f"const int64_t {name} = {wrapped}(int64_t){found};")
    nest.add(f"if ((uint64_t){name} >= (uint64_t){size}) d_failed = 1;")
    safe = writer.names.fresh("p")
    nest.add(f"const int64_t {safe} = (uint64_t){name} >= (uint64_t){size} ? 0 : {name};")
    return safe


def check_empty(writer: CodeWriter, size: Any) -> None:
    """There is something to take."""
    if size == 0:
        raise writer.refuse("rows of a tensor that has none")


def taken(writer: CodeWriter, out: torch.Tensor, value: Value, dim: int, index: Value) -> Value:
    """`index_select`, `embedding`: the rows with the numbers `index` (of any rank) in the place of dimension `dim`."""
    dim %= max(len(value.sizes), 1)
    check_empty(writer, value.sizes[dim])
    source, numbers, rank = writer.realised(value), writer.realised(index), len(index.sizes)

    def load(nest: Nest, at: Index) -> str:
        row = place(writer, nest, numbers, at[dim : dim + rank], source.sizes[dim])
        return nest.element(source, (*at[:dim], row, *at[dim + rank :]))

    return writer.realised(Computed(writer.sizes(out), out.dtype, (source, numbers), load, 3))


def gathered(writer: CodeWriter, out: torch.Tensor, value: Value, dim: int, index: Value) -> Value:
    """`gather`."""
    if not value.sizes:
        raise writer.refuse("gather of a tensor of no dimensions")
    dim %= len(value.sizes)
    check_empty(writer, value.sizes[dim])
    source, numbers = writer.realised(value), writer.realised(index)

    def load(nest: Nest, at: Index) -> str:
        row = place(writer, nest, numbers, at, source.sizes[dim])
        return nest.element(source, (*at[:dim], row, *at[dim + 1 :]))

    return writer.realised(Computed(writer.sizes(out), out.dtype, (source, numbers), load, 3))


def indexed(writer: CodeWriter, out: torch.Tensor, value: Value, indices: Sequence[Any]) -> Value:
    """`x[i, j]` with tensors of whole numbers; those dimensions come together, in their place."""
    given = [d for d, index in enumerate(indices) if index is not None]
    if any(indices[d].dtype in (torch.bool, torch.uint8) for d in given):
        raise writer.refuse("selection by a mask, whose size only data decide")
    if given != list(range(given[0], given[0] + len(given))):
        raise writer.refuse("indices with full dimensions between them")
    for d in given:
        check_empty(writer, value.sizes[d])
    sizes = writer.sizes(out)
    rank = len(sizes) - (len(value.sizes) - len(given))
    shape = sizes[given[0] : given[0] + rank]
    source = writer.realised(value)
    numbers = [writer.realised(broadcast(indices[d], shape)) for d in given]
    first = given[0]

    def load(nest: Nest, at: Index) -> str:
        mid = at[first : first + rank]
        rows = [place(writer, nest, n, mid, source.sizes[d], True) for n, d in zip(numbers, given, strict=True)]
        return nest.element(source, (*at[:first], *rows, *at[first + rank :]))

    return writer.realised(Computed(sizes, out.dtype, (source, *numbers), load, 3))


def put(
    writer: CodeWriter,
    out: torch.Tensor,
    value: Value,
    dim: int,
    index: Value,
    part: Value,
    *,
    add: bool,
    whole: bool = False,
    wraps: bool = False,
) -> Value:
    """A copy with elements written (or added) at rows `index`, one after the other.

    With `whole`, `index` has the sizes of `part` (`scatter`); else it numbers the rows of `part` (`index_add`).
    """
    if part.dtype is not out.dtype:
        raise writer.refuse("rows of another dtype than that of the tensor they are written to")
    sizes = writer.sizes(out)
    target = Strided(writer.buffer(out.dtype, times(*sizes)), sizes)
    writer.store(target, writer.converted(value, out.dtype))
    if any(n == 0 for n in part.sizes) or not sizes:
        if not sizes:
            raise writer.refuse("writing into a tensor of no dimensions by number")
        return target
    dim %= len(sizes)
    check_empty(writer, sizes[dim])
    numbers = writer.realised(index)
    nest = Nest(part.sizes, False, writer.names)
    nest.remarks.append(writer.remark)
    at = nest.index if whole else (nest.index[dim],)
    row = place(writer, nest, numbers, at, sizes[dim], wraps)
    element = nest.element(part, nest.index)
    address = target.address((*nest.index[:dim], row, *nest.index[dim + 1 :]))
    nest.add(Update(f"{target.buffer.name}[{address}] {'+=' if add else '='} {element};"))
    nest.writes.add(target.buffer)
    nest.reads.add(target.buffer)
    nest.closed = nest.serial = True
    target.buffer.pinned = True
    writer.block.statements.append(nest)
    return target
