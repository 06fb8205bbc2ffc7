"""The operations of ATen that have native code, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from diptych.backends.native import indexing, matmul, pointwise, reductions, views
from diptych.backends.native.values import Number, Value
from diptych.backends.native.writer import CodeWriter, broadcast

Step = Callable[..., Any]
STEPS: dict[str, Step] = {}
"""Name of an operation (without its overload) -> its code: a function of the writer, the fake result, the operands."""


def step(*names: str) -> Callable[[Step], Step]:
    """Decorator: the code of operations."""

    def enter(function: Step) -> Step:
        for name in names:
            STEPS[name] = function
        return function

    return enter


def known_numbers(writer: CodeWriter, values: Any) -> list[int]:
    """Whole numbers that stand in the graph."""
    if not all(isinstance(value, int) for value in values):
        raise writer.refuse("numbers that only the graph knows")
    return list(values)


for _name in (*pointwise.FLOATING, *pointwise.ALIKE, *pointwise.ASKING):

    def _elementwise(w: CodeWriter, out: Any, *operands: Any, _name: str = _name, **options: Any) -> Value:
        return pointwise.elementwise(w, _name, out, list(operands))

    STEPS[_name] = _elementwise


@step("add")
def add(w: CodeWriter, out: Any, a: Any, b: Any, alpha: Any = 1) -> Value:
    return pointwise.scaled(w, "add", out, a, b, alpha)


@step("sub")
def sub(w: CodeWriter, out: Any, a: Any, b: Any, alpha: Any = 1) -> Value:
    return pointwise.scaled(w, "sub", out, a, b, alpha)


@step("rsub")
def rsub(w: CodeWriter, out: Any, a: Any, b: Any, alpha: Any = 1) -> Value:
    return pointwise.scaled(w, "sub", out, b, a, alpha)


@step("div")
def div(w: CodeWriter, out: Any, a: Any, b: Any, rounding_mode: str | None = None) -> Value:
    return pointwise.divided(w, out, a, b, rounding_mode)


STEPS["pow"] = pointwise.power
STEPS["where"] = pointwise.chosen
STEPS["clamp"] = pointwise.clamped


@step("clamp_min")
def clamp_min(w: CodeWriter, out: Any, x: Any, low: Any) -> Value:
    return pointwise.clamped(w, out, x, low)


@step("clamp_max")
def clamp_max(w: CodeWriter, out: Any, x: Any, high: Any) -> Value:
    return pointwise.clamped(w, out, x, None, high)


@step("_to_copy", "convert_element_type", "to")
def converted(w: CodeWriter, out: Any, x: Value, *rest: Any, **options: Any) -> Value:
    return w.converted(x, out.dtype)


@step("copy")
def copied(w: CodeWriter, out: Any, x: Value, source: Any, *rest: Any) -> Value:
    return w.operand(source, out.dtype, w.sizes(out))


@step("full", "full_like")
def full(w: CodeWriter, out: Any, sizes: Any, value: Any, **options: Any) -> Value:
    return pointwise.filled(w, out, value)


@step("scalar_tensor")
def scalar_tensor(w: CodeWriter, out: Any, value: Any, **options: Any) -> Value:
    return pointwise.filled(w, out, value)


@step("empty", "empty_like", "new_zeros", "zeros", "zeros_like", "new_empty")
def zeros(w: CodeWriter, out: Any, *rest: Any, **options: Any) -> Value:
    return pointwise.filled(w, out, 0)


@step("ones_like", "ones")
def ones(w: CodeWriter, out: Any, *rest: Any, **options: Any) -> Value:
    return pointwise.filled(w, out, 1)


@step("arange")
def arange(w: CodeWriter, out: Any, *bounds: Any, **options: Any) -> Value:
    start, step_ = (0, 1) if len(bounds) == 1 else (bounds[0], bounds[2] if len(bounds) > 2 else 1)
    return pointwise.counted(w, out, start, step_)


# Views.


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
    return views.sliced(x, dim, begin(w, x, dim, start), step, w.sizes(out)[dim])


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
    if not isinstance(index, int) or not isinstance(x.sizes[dim], int):
        raise w.refuse("a row whose number only the graph knows")
    index = index + x.sizes[dim] if index < 0 else index
    row = views.reshaped(w, part, (*part.sizes[:dim], 1, *part.sizes[dim:]))
    return views.scattered_slice(w, out, x, row, dim, index, 1, 1)


@step("cat")
def cat(w: CodeWriter, out: Any, parts: Any, dim: int = 0) -> Value:
    return views.joined(w, out, parts, dim)


@step("stack")
def stack(w: CodeWriter, out: Any, parts: Any, dim: int = 0) -> Value:
    dim %= len(parts[0].sizes) + 1
    return views.joined(
        w, out, [views.reshaped(w, p, (*p.sizes[:dim], 1, *p.sizes[dim:])) for p in parts], dim
    )


@step("flip")
def flip(w: CodeWriter, out: Any, x: Value, dims: Any) -> Value:
    return views.flipped(x, dims)


@step("constant_pad_nd")
def constant_pad_nd(w: CodeWriter, out: Any, x: Value, pad: Any, value: Any = 0) -> Value:
    return views.padded(w, out, x, known_numbers(w, pad), value)


# Reductions.


def reducing(w: CodeWriter, kind: str, out: Any, x: Value, dims: Any, keepdim: bool) -> Value:
    """A reduction; the elements are converted to the type of the result first."""
    dims = [dims] if isinstance(dims, int) else dims
    return reductions.reduced(w, kind, x, dims, keepdim, out.dtype)


@step("sum")
def sum_(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False, dtype: Any = None) -> Value:
    return reducing(w, "sum", out, x, dims, keepdim)


@step("prod")
def prod(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False, dtype: Any = None) -> Value:
    return reducing(w, "prod", out, x, dims, keepdim)


@step("any")
def any_(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False) -> Value:
    return reducing(w, "any", out, x, dims, keepdim)


@step("all")
def all_(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False) -> Value:
    return reducing(w, "all", out, x, dims, keepdim)


@step("amax")
def amax(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False) -> Value:
    return reducing(w, "amax", out, x, dims, keepdim)


@step("amin")
def amin(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False) -> Value:
    return reducing(w, "amin", out, x, dims, keepdim)


@step("max", "min")
def max_(w: CodeWriter, out: Any, x: Value, dim: Any = None, keepdim: bool = False, *, name: str = "max") -> Any:
    if not isinstance(out, tuple):
        return reducing(w, f"a{name}", out, x, None, False)
    return reductions.extreme_place(w, name, x, dim, keepdim)


@step("argmax", "argmin")
def argmax(w: CodeWriter, out: Any, x: Value, dim: Any = None, keepdim: bool = False, *, name: str = "argmax") -> Value:
    found = reductions.extreme_place(w, name[3:], x, dim, keepdim)[1]
    return views.reshaped(w, found, w.sizes(out))


@step("mean")
def mean(w: CodeWriter, out: Any, x: Value, dims: Any = None, keepdim: bool = False, dtype: Any = None) -> Value:
    total = reducing(w, "sum", out, x, dims, keepdim)
    return pointwise.formula(f"({{a}} / ({counted_over(x, total)}))", total.sizes, out.dtype, [total], 1)


def counted_over(x: Value, total: Value) -> str:
    """How many elements made one result, as a C expression of a floating-point number."""
    if isinstance(x.count, int) and isinstance(total.count, int):
        return f"{float(x.count // total.count) if total.count else 1.0}"
    return f"(double)({x.count}) / ({total.count})"


@step("var")
def var(w: CodeWriter, out: Any, x: Value, dims: Any = None, correction: Any = 1, keepdim: bool = False) -> Value:
    return variance(w, out, x, dims, correction, keepdim)[0]


@step("var_mean")
def var_mean(w: CodeWriter, out: Any, x: Value, dims: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
    return variance(w, out[0], x, dims, correction, keepdim)


def variance(w: CodeWriter, out: Any, x: Value, dims: Any, correction: Any, keepdim: bool) -> tuple[Value, Value]:
    """Variance and mean: two passes, as exact as PyTorch's."""
    correction = 1 if correction is None else correction
    if isinstance(correction, Number) or not all(isinstance(n, int) for n in x.sizes):
        raise w.refuse("a variance with a correction, or of sizes, that only the graph knows")
    x = w.settle(x, 2)
    total = reductions.reduced(w, "sum", x, dims, True, out.dtype)
    count = counted_over(x, total)
    middle = w.realised(pointwise.formula(f"({{a}} / ({count}))", total.sizes, out.dtype, [total]))
    spread = pointwise.formula("(({a} - {b}) * ({a} - {b}))", x.sizes, out.dtype, [x, broadcast(middle, x.sizes)], 3)
    squares = reductions.reduced(w, "sum", spread, dims, keepdim, out.dtype)
    over = f"fmax(0., {count} - {float(correction)})"
    made = pointwise.formula(f"({{a}} / {over})", squares.sizes, out.dtype, [squares])
    return made, views.reshaped(w, middle, squares.sizes)


@step("cumsum")
def cumsum(w: CodeWriter, out: Any, x: Value, dim: int, dtype: Any = None) -> Value:
    return reductions.running_sum(w, x, dim, out.dtype)


@step("linalg_vector_norm")
def vector_norm(
    w: CodeWriter, out: Any, x: Value, ord: Any = 2, dims: Any = None, keepdim: bool = False, dtype: Any = None
) -> Value:
    x = w.converted(x, out.dtype)
    if ord == 2:
        squares = pointwise.formula("({a} * {a})", x.sizes, out.dtype, [x], 1)
        total = reducing(w, "sum", out, squares, dims, keepdim)
        return pointwise.formula("sqrt{f}({a})", total.sizes, out.dtype, [total], 1)
    if ord == 1:
        sizes = pointwise.formula("fabs{f}({a})", x.sizes, out.dtype, [x], 1)
        return reducing(w, "sum", out, sizes, dims, keepdim)
    raise w.refuse(f"norms of order {ord}")


@step("_softmax", "_log_softmax")
def softmax(w: CodeWriter, out: Any, x: Value, dim: int, half_to_float: bool, *, name: str = "_softmax") -> Value:
    if not x.sizes or 0 in x.sizes:
        raise w.refuse("a softmax of no elements or dimensions")
    x = w.settle(x, 2)
    top = reductions.reduced(w, "amax", x, [dim], True, out.dtype)
    shifted = pointwise.formula("({a} - {b})", x.sizes, out.dtype, [x, broadcast(top, x.sizes)], 1)
    powers = pointwise.formula("exp{f}({a})", x.sizes, out.dtype, [shifted], pointwise.SLOW)
    if name == "_softmax":
        powers = w.realised(powers)
        total = reductions.reduced(w, "sum", powers, [dim], True, out.dtype)
        return w.realised(
            pointwise.formula("({a} / {b})", x.sizes, out.dtype, [powers, broadcast(total, x.sizes)], 1)
        )
    total = reductions.reduced(w, "sum", powers, [dim], True, out.dtype)
    log = w.realised(pointwise.formula("log{f}({a})", total.sizes, out.dtype, [total], pointwise.SLOW))
    return pointwise.formula("({a} - {b})", x.sizes, out.dtype, [shifted, broadcast(log, x.sizes)], 1)


@step("native_layer_norm")
def layer_norm(w: CodeWriter, out: Any, x: Value, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    rank = len(shape)
    dims = list(range(len(x.sizes) - rank, len(x.sizes)))
    x = w.realised(x)
    spread, middle = variance(w, out[1], x, dims, 0, True)
    scale = w.realised(pointwise.formula(f"(1 / sqrt{{f}}({{a}} + {eps}))", spread.sizes, out[0].dtype, [spread], 2))
    parts = [x, broadcast(middle, x.sizes), broadcast(scale, x.sizes)]
    made: Value = pointwise.formula("(({a} - {b}) * {c})", x.sizes, out[0].dtype, parts, 2)
    if weight is not None:
        made = pointwise.formula("({a} * {b})", x.sizes, out[0].dtype, [made, broadcast(weight, x.sizes)], 1)
    if bias is not None:
        made = pointwise.formula("({a} + {b})", x.sizes, out[0].dtype, [made, broadcast(bias, x.sizes)], 1)
    return w.realised(made), w.realised(middle), scale


# Products.


@step("mm")
def mm(w: CodeWriter, out: Any, a: Value, b: Value) -> Value:
    return matmul.product(w, out, a, b)


@step("bmm")
def bmm(w: CodeWriter, out: Any, a: Value, b: Value) -> Value:
    return matmul.batched(w, out, a, b)


@step("addmm")
def addmm(w: CodeWriter, out: Any, start: Value, a: Value, b: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    if beta != 1 or alpha != 1:
        raise w.refuse("addmm with factors")
    return matmul.product(w, out, a, b, start)


@step("baddbmm")
def baddbmm(w: CodeWriter, out: Any, start: Value, a: Value, b: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    if beta != 1 or alpha != 1:
        raise w.refuse("baddbmm with factors")
    return matmul.batched(w, out, a, b, start)


# Elements by number.


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
    if len(indices) != 1 or indices[0].dtype is torch.bool or len(indices[0].sizes) != 1:
        raise w.refuse("index_put by several tensors, or by a mask")
    part = broadcast(part, (*indices[0].sizes, *x.sizes[1:]))
    return indexing.put(w, out, x, 0, indices[0], part, accumulate, False)


@step("index_add", "index_copy")
def index_add(w: CodeWriter, out: Any, x: Value, dim: int, index: Value, part: Value, alpha: Any = 1, *, name: str = "") -> Value:
    if alpha != 1:
        raise w.refuse("index_add with a factor")
    index = index if index.sizes else views.reshaped(w, index, (1,))
    return indexing.put(w, out, x, dim, index, part, name == "index_add", False)


@step("scatter", "scatter_add")
def scatter(w: CodeWriter, out: Any, x: Value, dim: int, index: Value, source: Any, *, name: str = "scatter") -> Value:
    if isinstance(source, Value):
        for a, b in zip(source.sizes, index.sizes, strict=True):
            if a != b:
                raise w.refuse("a scatter of more elements than numbers")
    part = w.operand(source, out.dtype, index.sizes)
    return indexing.put(w, out, x, dim, index, part, name == "scatter_add", True)


NAMED = {"max", "min", "argmax", "argmin", "_softmax", "_log_softmax", "index_add", "index_copy", "scatter", "scatter_add"}
"""Operations that share code: it is told which one it is."""


def supported(node: fx.Node) -> Step | None:
    """The code of an operation, or None."""
    target: Any = node.target
    name = target._schema.name.rpartition("::")[2]
    found = STEPS.get(name)
    if found is None:
        return None
    if name in NAMED:
        return lambda *args, **kwargs: found(*args, **kwargs, name=name)
    return found
