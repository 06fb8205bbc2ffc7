"""Reductions: sums, extremes and the like over some dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from diptych.backends.native.nests import Inner, Nest, Store, Update
from diptych.backends.native.values import C_TYPES, Size, Strided, Value, times
from diptych.backends.native.writer import CodeWriter

BEGIN = {"sum": "0", "prod": "1", "any": "0", "all": "1"}
PRAGMAS = {"sum": "+", "prod": "*", "any": "||", "all": "&&"}
UPDATES = {
    "sum": "{acc} += {x};",
    "prod": "{acc} *= {x};",
    "any": "{acc} = {acc} || {x};",
    "all": "{acc} = {acc} && {x};",
    "amax": "{acc} = ({x} > {acc} || {x} != {x}) ? {x} : {acc};",
    "amin": "{acc} = ({x} < {acc} || {x} != {x}) ? {x} : {acc};",
}
COLUMNS = 8
"""From how many results on a reduction over leading dimensions adds row after row."""


def reduced(
    writer: CodeWriter, kind: str, value: Value, dims: Sequence[int] | None, keepdim: bool, dtype: torch.dtype
) -> Strided:
    """Reduce `value` over `dims` (all, if None or empty)."""
    rank = len(value.sizes)
    gone = sorted({d % rank for d in dims} if dims and rank else set(range(rank)))
    kept = [d for d in range(rank) if d not in gone]
    sizes = [1 if d in gone else n for d, n in enumerate(value.sizes) if keepdim or d not in gone]
    outer = [value.sizes[d] for d in kept]
    value = writer.converted(value, dtype)
    if value.cost > 2 and not isinstance(value, Strided):
        value = writer.settle(value, 2)
    target = Strided(writer.buffer(dtype, times(*outer)), outer)
    extreme = kind in ("amax", "amin")
    if extreme and any(value.sizes[d] == 0 for d in gone):
        raise writer.refuse(f"{kind} of no elements")
    columns = times(*outer)
    along = kept and gone and max(gone) < max(kept) and isinstance(columns, int) and columns >= COLUMNS
    if along and not extreme and kind in ("sum", "prod"):
        rows(writer, kind, value, kept, gone, target)
    else:
        nest = Nest(outer, False, writer.names)
        writer.block.statements.append(nest)
        nest.remarks.append(writer.remark)
        name = accumulate(writer, nest, kind, value, kept, gone)
        nest.add(stored(nest, target, name))
    return Strided(target.buffer, sizes, None)


def stored(nest: Nest, target: Strided, name: str) -> Any:
    """The line that writes a result."""
    nest.wrote(target, name)
    nest.writes.add(target.buffer)
    return Store(target.buffer, target.address(nest.index), name)


def accumulate(
    writer: CodeWriter, nest: Nest, kind: str, value: Value, kept: Sequence[int], gone: Sequence[int]
) -> str:
    """The inner loops of a reduction; the name of its result."""
    acc = writer.names.fresh("acc")
    if not kept and value.flat():
        running = (writer.names.fresh("k"),)
        nest.running.add(running)
        inner = [(running[0], value.count)]
        return add_up(nest, kind, value, inner, running, ("0",) * len(value.sizes), acc)
    inner = [(writer.names.fresh("k"), value.sizes[d]) for d in gone]
    places = dict(zip(kept, nest.index, strict=True)) | {d: name for d, (name, _) in zip(gone, inner, strict=True)}
    index = tuple(places[d] for d in range(len(value.sizes)))
    first = tuple("0" if d in gone else place for d, place in enumerate(index))
    return add_up(nest, kind, value, inner, index, first, acc)


def add_up(
    nest: Nest,
    kind: str,
    value: Value,
    inner: Sequence[tuple[str, Size]],
    index: tuple[str, ...],
    first: tuple[str, ...],
    acc: str,
) -> str:
    """The loops themselves: over the elements at `index`, of which `first` is the first one."""
    type_ = C_TYPES[value.dtype]
    if kind in BEGIN:
        nest.add(f"{type_} {acc} = {BEGIN[kind]};")
        simd = value.dtype is not torch.bool
        pragma = f"#pragma omp simd reduction({PRAGMAS[kind]}:{acc})" if simd else ""
    else:
        nest.add(f"{type_} {acc} = {nest.element(value, first)};")
        pragma = ""
    loop = Inner(inner, pragma)
    nest.add(loop)
    nest.open.append(loop.lines)
    nest.scopes.append({})
    element = nest.element(value, index)
    nest.add(UPDATES[kind].format(acc=acc, x=element))
    nest.scopes.pop()
    nest.open.pop()
    return acc


def rows(
    writer: CodeWriter, kind: str, value: Value, kept: Sequence[int], gone: Sequence[int], target: Strided
) -> None:
    """A reduction over leading dimensions: the results are added to row after row."""
    target.buffer.pinned = True
    sizes: list[Size] = [value.sizes[d] for d in (*gone, *kept)]
    writer.store(target, writer.constant(int(BEGIN[kind]), value.dtype, target.sizes))
    nest = Nest(sizes, False, writer.names)
    nest.writes.add(target.buffer)
    nest.reads.add(target.buffer)
    places = dict(zip((*gone, *kept), nest.index, strict=True))
    element = nest.element(value, tuple(places[d] for d in range(len(value.sizes))))
    at = target.address(tuple(places[d] for d in kept))
    nest.add(Update(f"{target.buffer.name}[{at}] {PRAGMAS[kind]}= {element};"))
    nest.remarks.append(writer.remark)
    writer.block.statements.append(nest)
    nest.closed = True


def extreme_place(
    writer: CodeWriter, kind: str, value: Value, dim: int | None, keepdim: bool
) -> tuple[Strided, Strided]:
    """The largest (`max`) or smallest element along a dimension, and its first place."""
    if dim is None:
        value = writer.whole(value)
        value, dim = Strided(value.buffer, [value.count], None, value.offset), 0
        keepdim = False
    rank = len(value.sizes)
    if rank == 0:
        place = writer.realised(writer.constant(0, torch.int64))
        return writer.realised(value), place
    dim %= rank
    if value.sizes[dim] == 0:
        raise writer.refuse("the place of the largest of no elements")
    outer = [n for d, n in enumerate(value.sizes) if d != dim]
    sizes = [1 if d == dim else n for d, n in enumerate(value.sizes) if keepdim or d != dim]
    value = writer.settle(value, 2)
    best = Strided(writer.buffer(value.dtype, times(*outer)), outer)
    where = Strided(writer.buffer(torch.int64, times(*outer)), outer)
    nest = Nest(outer, False, writer.names)
    nest.remarks.append(writer.remark)
    writer.block.statements.append(nest)
    acc, at, k = writer.names.fresh("acc"), writer.names.fresh("at"), writer.names.fresh("k")
    index = (*nest.index[:dim], k, *nest.index[dim:])
    first = nest.element(value, (*nest.index[:dim], "0", *nest.index[dim:]))
    nest.add(f"{C_TYPES[value.dtype]} {acc} = {first};")
    nest.add(f"int64_t {at} = 0;")
    loop = Inner([(k, value.sizes[dim])], "")
    nest.add(loop)
    nest.open.append(loop.lines)
    nest.scopes.append({})
    x = nest.element(value, index)
    sign = ">" if kind == "max" else "<"
    nest.add(f"if ({x} {sign} {acc} || ({x} != {x} && {acc} == {acc})) {{ {acc} = {x}; {at} = {k}; }}")
    nest.scopes.pop()
    nest.open.pop()
    nest.add(stored(nest, best, acc))
    nest.add(stored(nest, where, at))
    return Strided(best.buffer, sizes, None), Strided(where.buffer, sizes, None)


def running_sum(writer: CodeWriter, value: Value, dim: int, dtype: torch.dtype) -> Strided:
    """`cumsum`."""
    value = writer.converted(value, dtype)
    sizes = value.sizes
    target = Strided(writer.buffer(dtype, times(*sizes)), sizes)
    if not sizes:
        writer.store(target, value)
        return target
    dim %= len(sizes)
    outer = [n for d, n in enumerate(sizes) if d != dim]
    nest = Nest(outer, False, writer.names)
    nest.remarks.append(writer.remark)
    writer.block.statements.append(nest)
    acc, k = writer.names.fresh("acc"), writer.names.fresh("k")
    nest.add(f"{C_TYPES[dtype]} {acc} = 0;")
    loop = Inner([(k, sizes[dim])], "")
    nest.add(loop)
    nest.open.append(loop.lines)
    nest.scopes.append({})
    index = (*nest.index[:dim], k, *nest.index[dim:])
    nest.add(f"{acc} += {nest.element(value, index)};")
    nest.add(Update(f"{target.buffer.name}[{target.address(index)}] = {acc};"))
    nest.scopes.pop()
    nest.open.pop()
    nest.writes.add(target.buffer)
    nest.closed = True
    target.buffer.pinned = True
    return target
