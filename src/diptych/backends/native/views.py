"""Views: the same elements at other indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from diptych.backends.native.nests import Nest
from diptych.backends.native.values import Computed, Index, Number, Size, Strided, Value, times
from diptych.backends.native.writer import CodeWriter, broadcast, remapped


def permuted(value: Value, dims: Sequence[int]) -> Value:
    """Dimensions in another order."""
    rank = len(value.sizes)
    dims = [d % rank for d in dims]
    sizes = [value.sizes[d] for d in dims]
    if isinstance(value, Strided):
        return Strided(value.buffer, sizes, [value.strides[d] for d in dims], value.offset)

    def back(index: Index) -> Index:
        found = dict(zip(dims, index, strict=True))
        return tuple(found[d] for d in range(rank))

    return remapped(value, sizes, back)


def reshaped(writer: CodeWriter, value: Value, sizes: Sequence[Size]) -> Value:
    """Other sizes for as many elements in the same order."""
    sizes = tuple(sizes)
    if sizes == value.sizes:
        return value
    given, wanted = [n for n in value.sizes if n != 1], [n for n in sizes if n != 1]
    if given == wanted:
        kept = [d for d, n in enumerate(value.sizes) if n != 1]
        if isinstance(value, Strided):
            steps = iter([value.strides[d] for d in kept])
            return Strided(value.buffer, sizes, [0 if n == 1 else next(steps) for n in sizes], value.offset)
        rank = len(value.sizes)

        def back(index: Index) -> Index:
            used = iter([i for i, n in zip(index, sizes, strict=True) if n != 1])
            return tuple(next(used) if d in kept else "0" for d in range(rank))

        return remapped(value, sizes, back)
    whole = writer.whole(value)
    return Strided(whole.buffer, sizes, None, whole.offset)


def sliced(value: Value, dim: int, start: Size, step: int, length: Size) -> Value:
    """Every `step`-th element from `start` on."""
    dim %= len(value.sizes)
    sizes = [length if d == dim else n for d, n in enumerate(value.sizes)]
    if isinstance(value, Strided):
        strides = [times(s, step) if d == dim else s for d, s in enumerate(value.strides)]
        offset = plus(value.offset, times(start, value.strides[dim]))
        return Strided(value.buffer, sizes, strides, offset)
    move = f"({start} + {{}}*{step})" if step != 1 else f"({start} + {{}})"
    return remapped(value, sizes, lambda index: tuple(move.format(i) if d == dim else i for d, i in enumerate(index)))


def selected(writer: CodeWriter, value: Value, dim: int, index: Any) -> Value:
    """One row."""
    rank = len(value.sizes)
    dim %= rank
    size = value.sizes[dim]
    place = row_number(writer, index, size)
    sizes = [n for d, n in enumerate(value.sizes) if d != dim]
    if isinstance(value, Strided):
        strides = [s for d, s in enumerate(value.strides) if d != dim]
        return Strided(value.buffer, sizes, strides, plus(value.offset, times(place, value.strides[dim])))
    at = str(place)
    return remapped(value, sizes, lambda found: (*found[:dim], at, *found[dim:]))


def row_number(writer: CodeWriter, index: Any, size: Size) -> Size:
    """The number of a row from the front; where only the run knows whether there is such a row, it ends if not."""
    if isinstance(index, Number):
        writer.can_fail = True
        found = writer.number("int", f"{index.text} < 0 ? {index.text} + {size} : {index.text}").text
        writer.lines(f"if ({found} < 0 || {found} >= {size}) {{ d_failed = 5; goto d_end; }}")
        return found
    if not isinstance(index, int):
        raise writer.refuse("a row whose number only the graph knows")
    if isinstance(size, int):
        return index + size if index < 0 else index
    writer.can_fail = True
    writer.lines(f"if ({size} < {-index if index < 0 else index + 1}) {{ d_failed = 5; goto d_end; }}")
    return f"({size} - {-index})" if index < 0 else index


def plus(a: Size, b: Size) -> Size:
    """A sum."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if a == 0 or b == 0:
        return b if a == 0 else a
    return f"({a} + {b})"


def repeated(writer: CodeWriter, out: torch.Tensor, value: Value, counts: Sequence[int]) -> Value:
    """A value several times along each dimension, and along new ones in front."""
    extra = len(counts) - len(value.sizes)
    given = value.sizes

    def back(index: Index) -> Index:
        pairs = zip(index[extra:], given, counts[extra:], strict=True)
        return tuple("0" if n == 1 else i if count == 1 else f"({i} % {n})" for i, n, count in pairs)

    if 0 in given or 0 in counts:
        return writer.constant(0, out.dtype, writer.sizes(out))
    return remapped(value, writer.sizes(out), back)


def flipped(value: Value, dims: Sequence[int]) -> Value:
    """The elements of some dimensions from the last to the first."""
    turned = {d % len(value.sizes) for d in dims}
    ends = value.sizes
    return remapped(
        value,
        ends,
        lambda index: tuple(f"({ends[d]} - 1 - {i})" if d in turned else i for d, i in enumerate(index)),
    )


def joined(writer: CodeWriter, out: torch.Tensor, values: Sequence[Value], dim: int) -> Value:
    """`cat`: the parts are written one after the other."""
    sizes = writer.sizes(out)
    dim %= len(sizes)
    target = Strided(writer.buffer(out.dtype, times(*sizes)), sizes)
    start: Size = 0
    for value in values:
        if len(value.sizes) == 1 and value.sizes[0] == 0:
            continue
        part = writer.converted(value, out.dtype)
        place = Strided(target.buffer, part.sizes, target.strides, times(start, target.strides[dim]))
        writer.store(place, part)
        start = plus(start, value.sizes[dim])
    return target


def padded(writer: CodeWriter, out: torch.Tensor, value: Value, pad: Sequence[int], fill: Any) -> Value:
    """`constant_pad_nd`."""
    sizes = writer.sizes(out)
    rank = len(sizes)
    before = [0] * rank
    for k in range(len(pad) // 2):
        before[rank - 1 - k] = pad[2 * k]
    inner, filling = value.sizes, writer.operand(fill, out.dtype, ())
    source = writer.realised(value)

    def load(nest: Nest, index: Index) -> str:
        moved = tuple(f"({i} - {b})" if b else i for i, b in zip(index, before, strict=True))
        whole = [n == out_n and b == 0 for n, out_n, b in zip(inner, sizes, before, strict=True)]
        tests = [f"{m} >= 0 && {m} < {n}" for m, n, same in zip(moved, inner, whole, strict=True) if not same]
        source.buffer.loads += 1
        nest.reads.add(source.buffer)
        found = f"{source.buffer.name}[{source.address(moved)}]"
        return f"(({' && '.join(tests) or '1'}) ? {found} : {nest.element(filling, ())})"

    return Computed(sizes, out.dtype, (source,), load, 2)


def scattered_slice(
    writer: CodeWriter, out: torch.Tensor, value: Value, part: Value, dim: int, start: Size, step: int, length: Size
) -> Value:
    """A copy with every `step`-th element from `start` on replaced."""
    sizes = writer.sizes(out)
    dim %= len(sizes)
    target = Strided(writer.buffer(out.dtype, times(*sizes)), sizes)
    writer.store(target, writer.converted(value, out.dtype))
    place = sliced(target, dim, start, step, length)
    assert isinstance(place, Strided)
    writer.store(place, broadcast(writer.converted(part, out.dtype), place.sizes))
    return target
