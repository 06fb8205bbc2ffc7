"""The reductions of ATen, and the normalizations made of them."""

from __future__ import annotations

from typing import Any

from diptych.backends.native import pointwise, reductions, views
from diptych.backends.native.registry import step
from diptych.backends.native.values import Number, Value
from diptych.backends.native.writer import CodeWriter, broadcast


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


@step("max", "min", named=True)
def max_(w: CodeWriter, out: Any, x: Value, dim: Any = None, keepdim: bool = False, *, name: str = "max") -> Any:
    if not isinstance(out, tuple):
        return reducing(w, f"a{name}", out, x, None, False)
    return reductions.extreme_place(w, name, x, dim, keepdim)


@step("argmax", "argmin", named=True)
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


@step("_softmax", "_log_softmax", named=True)
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
        return w.realised(pointwise.formula("({a} / {b})", x.sizes, out.dtype, [powers, broadcast(total, x.sizes)], 1))
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
