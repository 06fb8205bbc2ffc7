"""The operations of ATen that only move elements."""

from __future__ import annotations

from typing import Any

from diptych.backends.native import views
from diptych.backends.native.registry import step
from diptych.backends.native.values import Number, Size, Value
from diptych.backends.native.writer import CodeWriter, broadcast


def known_numbers(writer: CodeWriter, values: Any) -> list[int]:
    """Whole numbers that stand in the graph."""
    if not all(isinstance(value, int) for value in values):
        raise writer.refuse("numbers that only the graph knows")
    return list(values)


@step("view", "_unsafe_view", "reshape")
def view(w: CodeWriter, out: Any, x: Value, sizes: Any) -> Value:
    return views.reshaped(w, x, w.sizes(out))


@step("unsqueeze", "squeeze")
def unit(w: CodeWriter, out: Any, x: Value, *rest: Any) -> Value:
    return views.reshaped(w, x, w.sizes(out))


@step("permute")
def permute(w: CodeWriter, out: Any, x: Value, dims: Any) -> Value:
    return views.permuted(x, dims)


@step("t")
def t(w: CodeWriter, out: Any, x: Value) -> Value:
    return views.permuted(x, [1, 0]) if len(x.sizes) == 2 else x


@step("transpose")
def transpose(w: CodeWriter, out: Any, x: Value, a: int, b: int) -> Value:
    dims = list(range(len(x.sizes)))
    if dims:
        dims[a], dims[b] = dims[b], dims[a]
    return views.permuted(x, dims)


@step("expand")
def expand(w: CodeWriter, out: Any, x: Value, sizes: Any, implicit: bool = False) -> Value:
    return broadcast(x, w.sizes(out))


@step("slice")
def slice_(w: CodeWriter, out: Any, x: Value, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Value:
    dim %= len(x.sizes)
    length = w.sizes(out)[dim]
    if isinstance(start, Number) and step == 1:
        return views.sliced(x, dim, checked(w, start, length, x.sizes[dim]), step, length)
    return views.sliced(x, dim, begin(w, x, dim, start), step, length)


def checked(w: CodeWriter, start: Number, length: Size, size: Size) -> Size:
    """Where a slice starts that has that length; the run ends where it does not lie inside."""
    w.can_fail = True
    w.lines(f"if ({start.text} < 0 || {start.text} + {length} > {size}) {{ d_failed = 5; goto d_end; }}")
    return f"({start.text})"


def begin(w: CodeWriter, x: Value, dim: int, start: Any) -> int:
    """Where a slice starts, as a number from the front."""
    size = x.sizes[dim]
    if start is None:
        return 0
    if not isinstance(start, int) or (not isinstance(size, int) and start < 0):
        raise w.refuse("a slice whose start only the graph knows")
    if not isinstance(size, int):
        return start
    return min(max(start + size if start < 0 else start, 0), size)


@step("select")
def select(w: CodeWriter, out: Any, x: Value, dim: int, index: Any) -> Value:
    return views.selected(w, x, dim, index)


@step("slice_scatter")
def slice_scatter(
    w: CodeWriter, out: Any, x: Value, part: Value, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Value:
    dim %= len(x.sizes)
    return views.scattered_slice(w, out, x, part, dim, begin(w, x, dim, start), step, part.sizes[dim])


@step("select_scatter")
def select_scatter(w: CodeWriter, out: Any, x: Value, part: Value, dim: int, index: Any) -> Value:
    dim %= len(x.sizes)
    start = views.row_number(w, index, x.sizes[dim])
    row = views.reshaped(w, part, (*part.sizes[:dim], 1, *part.sizes[dim:]))
    return views.scattered_slice(w, out, x, row, dim, start, 1, 1)


@step("cat")
def cat(w: CodeWriter, out: Any, parts: Any, dim: int = 0) -> Value:
    return views.joined(w, out, parts, dim)


@step("stack")
def stack(w: CodeWriter, out: Any, parts: Any, dim: int = 0) -> Value:
    dim %= len(parts[0].sizes) + 1
    return views.joined(w, out, [views.reshaped(w, p, (*p.sizes[:dim], 1, *p.sizes[dim:])) for p in parts], dim)


@step("repeat")
def repeat(w: CodeWriter, out: Any, x: Value, counts: Any) -> Value:
    return views.repeated(w, out, x, known_numbers(w, counts))


@step("flip")
def flip(w: CodeWriter, out: Any, x: Value, dims: Any) -> Value:
    return views.flipped(x, dims)


@step("constant_pad_nd")
def constant_pad_nd(w: CodeWriter, out: Any, x: Value, pad: Any, value: Any = 0) -> Value:
    return views.padded(w, out, x, known_numbers(w, pad), value)
