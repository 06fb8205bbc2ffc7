"""Products of matrices: small ones in place, with their sizes known to the compiler; larger ones by MKL's `gemm`."""

from __future__ import annotations

import torch

from diptych.backends.native.values import C_TYPES, Size, Strided, Value, times
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
    """`a @ b`, of `[m, k]` and `[k, n]`, or of batches; with `start`, that plus it (broadcast to the result)."""
    if out.dtype not in (torch.float32, torch.float64):
        raise writer.refuse(f"products of matrices of {out.dtype}")
    sizes = writer.sizes(out)
    left, right = matrix(writer, a), matrix(writer, b)
    target = Strided(writer.buffer(out.dtype, times(*sizes)), sizes)
    if 0 in sizes:
        return target
    small = is_small(left, right)
    begin: Strided | None = None
    if start is not None and small:
        begin = rows(writer, broadcast(start, sizes))
    elif start is not None:
        writer.store(target, broadcast(start, sizes))
    read = [left.buffer, right.buffer, *([target.buffer] if start is not None and not small else [])]
    read += [begin.buffer] if begin is not None else []
    at = writer.names.fresh("q")
    single = len(sizes) == 2
    into, first, second = (v if single else row(v, at) for v in (target, left, right))
    text = [f"// {writer.remark}"] if writer.remark else []
    if small:
        begun = begin if single or begin is None else row(begin, at)
        text.append(small_call(writer, into, first, second, begun))
    else:
        text.append(large_call(into, first, second, start is not None))
    if not single:
        text = [f"for (int64_t {at} = 0; {at} < {sizes[0]}; {at}++) {{", *("    " + line for line in text), "}"]
    writer.lines(*text, reads=read, writes=[target.buffer])
    return target


def is_small(left: Strided, right: Strided) -> bool:
    """Whether a product is done in place: it is not large, and how its matrices lie in memory is known."""
    sizes = (*left.sizes[-2:], right.sizes[-1])
    known = all(isinstance(n, int) for n in (*sizes, *left.strides[-2:], *right.strides[-2:]))
    work = times(*sizes)
    return known and isinstance(work, int) and 0 < work <= SMALL


def rows(writer: CodeWriter, value: Value) -> Strided:
    """A value in memory, the elements of each row one after the other."""
    found = writer.realised(value)
    fits = found.strides[-1] == 1 or (found.sizes[-1] == 1 and found.strides[-1] != 0)
    return found if fits and isinstance(found.strides[-2], int) else writer.whole(found)


def row(value: Strided, at: str) -> Strided:
    """Matrix number `at` of a batch."""
    offset = times(value.strides[0], at) if value.strides[0] != 0 else 0
    whole = offset if value.offset == 0 else f"({value.offset} + {offset})"
    return Strided(value.buffer, value.sizes[1:], value.strides[1:], whole)


def small_call(writer: CodeWriter, target: Strided, left: Strided, right: Strided, start: Strided | None) -> str:
    """The statement of a product by a function for just these sizes."""
    (m, k), n = left.sizes, right.sizes[1]
    letter = "s" if target.dtype is torch.float32 else "d"
    lda, a_turned = leading(left)
    ldb, b_turned = leading(right)
    begin = "s" if start is not None else "0"
    step = start.strides[0] if start is not None and m != 1 else 0
    numbers = f"{m}, {n}, {k}, {lda}, {ldb}, {step}, {int(a_turned)}, {int(b_turned)}"
    name = writer.product(f"d_{letter}small", C_TYPES[target.dtype], f"a, b, {begin}, c, {numbers}")
    places = [pointer(left), pointer(right), pointer(start) if start is not None else "0", pointer(target)]
    return f"{name}({', '.join(places)});"


def large_call(target: Strided, left: Strided, right: Strided, add: bool) -> str:
    """The statement of a product by MKL."""
    (m, k), n = left.sizes, right.sizes[1]
    letter = "s" if target.dtype is torch.float32 else "d"
    lda, a_turned = leading(left)
    ldb, b_turned = leading(right)
    places = ", ".join(pointer(value) for value in (left, right, target))
    return f"d_{letter}gemm({places}, {m}, {n}, {k}, {lda}, {ldb}, {int(a_turned)}, {int(b_turned)}, {int(add)});"


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
