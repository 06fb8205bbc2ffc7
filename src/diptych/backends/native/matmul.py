"""Products of matrices: small ones in place, with their sizes known to the compiler; larger ones by MKL's `gemm`."""

from __future__ import annotations

import torch

from diptych.backends.native.values import Size, Strided, Value, times
from diptych.backends.native.writer import CodeWriter, broadcast

SMALL = 64 * 64 * 64
"""Up to how many multiplications a product is done in place."""


def matrix(writer: CodeWriter, value: Value) -> Strided:
    """A matrix in memory, its rows or its columns contiguous."""
    found = writer.realised(value)
    if found.sizes[-1] == 1 or found.sizes[-2] == 1 or found.strides[-1] == 1 or found.strides[-2] == 1:
        return found
    return writer.whole(found)


def product(writer: CodeWriter, out: torch.Tensor, a: Value, b: Value, start: Value | None = None) -> Strided:
    """`a @ b`, of `[m, k]` and `[k, n]`; with `start`, that plus it (broadcast to `[m, n]`)."""
    if out.dtype not in (torch.float32, torch.float64):
        raise writer.refuse(f"products of matrices of {out.dtype}")
    sizes = writer.sizes(out)
    left, right = matrix(writer, a), matrix(writer, b)
    target = Strided(writer.buffer(out.dtype, times(*sizes)), sizes)
    multiply(writer, target, left, right, start)
    return target


def batched(writer: CodeWriter, out: torch.Tensor, a: Value, b: Value, start: Value | None = None) -> Strided:
    """`bmm`: the same for each of a batch."""
    if out.dtype not in (torch.float32, torch.float64):
        raise writer.refuse(f"products of matrices of {out.dtype}")
    sizes = writer.sizes(out)
    left, right = matrix(writer, a), matrix(writer, b)
    target = Strided(writer.buffer(out.dtype, times(*sizes)), sizes)
    if start is not None:
        writer.store(target, broadcast(start, sizes))
    at = writer.names.fresh("q")
    writer.lines(f"for (int64_t {at} = 0; {at} < {sizes[0]}; {at}++) {{")
    call(writer, row(target, at), row(left, at), row(right, at), start is not None)
    writer.lines("}", reads=[left.buffer, right.buffer, target.buffer], writes=[target.buffer])
    return target


def row(value: Strided, at: str) -> Strided:
    """Matrix number `at` of a batch."""
    offset = times(value.strides[0], at) if value.strides[0] != 0 else 0
    whole = offset if value.offset == 0 else f"({value.offset} + {offset})"
    return Strided(value.buffer, value.sizes[1:], value.strides[1:], whole)


def multiply(writer: CodeWriter, target: Strided, left: Strided, right: Strided, start: Value | None) -> None:
    """Write `left @ right`, or `start + left @ right`, to `target`."""
    if start is not None:
        writer.store(target, broadcast(start, target.sizes))
    call(writer, target, left, right, start is not None)


def call(writer: CodeWriter, target: Strided, left: Strided, right: Strided, add: bool) -> None:
    """The statement of a product."""
    (m, k), n = left.sizes, right.sizes[1]
    letter = "s" if target.dtype is torch.float32 else "d"
    work = times(m, n, k)
    places = ", ".join(pointer(value) for value in (left, right, target))
    lda, a_turned = leading(left)
    ldb, b_turned = leading(right)
    flags = f"{int(a_turned)}, {int(b_turned)}, {int(add)}"
    small = isinstance(work, int) and work <= SMALL
    name = f"d_{letter}small" if small else f"d_{letter}gemm"
    text = f"{name}({places}, {m}, {n}, {k}, {lda}, {ldb}, {flags});"
    remark = [f"// {writer.remark}"] if writer.remark else []
    writer.lines(
        *remark, text, reads=[left.buffer, right.buffer, *([target.buffer] if add else [])], writes=[target.buffer]
    )


def pointer(value: Strided) -> str:
    """The address of the first element."""
    return value.buffer.name if value.offset == 0 else f"{value.buffer.name} + {value.offset}"


def leading(value: Strided) -> tuple[Size, bool]:
    """The distance of rows of a matrix, or of columns if it is stored column by column."""
    rows, columns = value.sizes
    if value.strides[1] == 1 and (value.strides[0] != 0 or rows == 1):
        return (value.strides[0] if rows != 1 else columns), False
    if value.strides[0] == 1 or rows == 1:
        return (value.strides[1] if columns != 1 else rows), True
    return value.strides[0], False
