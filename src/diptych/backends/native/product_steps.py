"""The products of ATen, and its operations on elements by number."""

from __future__ import annotations

from typing import Any

import torch

from diptych.backends.native import indexing, matmul, views
from diptych.backends.native.registry import step
from diptych.backends.native.values import Value
from diptych.backends.native.writer import CodeWriter, broadcast


@step("mm")
def mm(w: CodeWriter, out: Any, a: Value, b: Value) -> Value:
    return matmul.product(w, out, a, b)


@step("bmm")
def bmm(w: CodeWriter, out: Any, a: Value, b: Value) -> Value:
    return matmul.product(w, out, a, b)


@step("addmm")
def addmm(w: CodeWriter, out: Any, start: Value, a: Value, b: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    if beta != 1 or alpha != 1:
        raise w.refuse("addmm with factors")
    return matmul.product(w, out, a, b, start)


@step("baddbmm")
def baddbmm(w: CodeWriter, out: Any, start: Value, a: Value, b: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    if beta != 1 or alpha != 1:
        raise w.refuse("baddbmm with factors")
    return matmul.product(w, out, a, b, start)


@step("index_select")
def index_select(w: CodeWriter, out: Any, x: Value, dim: int, index: Value) -> Value:
    if not x.sizes:
        raise w.refuse("rows of a tensor of no dimensions")
    return indexing.taken(w, out, x, dim, index if index.sizes else views.reshaped(w, index, (1,)))


@step("embedding")
def embedding(w: CodeWriter, out: Any, table: Value, index: Value, *rest: Any, **options: Any) -> Value:
    return indexing.taken(w, out, table, 0, index)


@step("gather")
def gather(w: CodeWriter, out: Any, x: Value, dim: int, index: Value, sparse_grad: bool = False) -> Value:
    return indexing.gathered(w, out, x, dim, index)


@step("index")
def index_(w: CodeWriter, out: Any, x: Value, indices: Any) -> Value:
    return indexing.indexed(w, out, x, indices)


@step("index_put")
def index_put(w: CodeWriter, out: Any, x: Value, indices: Any, part: Value, accumulate: bool = False) -> Value:
    if len(indices) != 1 or indices[0].dtype is torch.bool:
        raise w.refuse("index_put by several tensors, or by a mask")
    index = indices[0]
    part = broadcast(part, (*index.sizes, *x.sizes[1:]))
    if len(index.sizes) != 1:
        rows = (index.count,)
        index, part = views.reshaped(w, index, rows), views.reshaped(w, part, (*rows, *x.sizes[1:]))
    return indexing.put(w, out, x, 0, index, part, add=accumulate, wraps=True)


@step("index_add", "index_copy", named=True)
def index_add(
    w: CodeWriter, out: Any, x: Value, dim: int, index: Value, part: Value, alpha: Any = 1, *, name: str = ""
) -> Value:
    if alpha != 1:
        raise w.refuse("index_add with a factor")
    index = index if index.sizes else views.reshaped(w, index, (1,))
    return indexing.put(w, out, x, dim, index, part, add=name == "index_add")


@step("scatter", "scatter_add", named=True)
def scatter(w: CodeWriter, out: Any, x: Value, dim: int, index: Value, source: Any, *, name: str = "scatter") -> Value:
    if isinstance(source, Value):
        for a, b in zip(source.sizes, index.sizes, strict=True):
            if a != b:
                raise w.refuse("a scatter of more elements than numbers")
    part = w.operand(source, out.dtype, index.sizes)
    return indexing.put(w, out, x, dim, index, part, add=name == "scatter_add", whole=True)
