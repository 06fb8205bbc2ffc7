"""The operations of ATen on each element, and those that make tensors."""

from __future__ import annotations

from typing import Any

from diptych.backends.native import pointwise
from diptych.backends.native.registry import STEPS, step
from diptych.backends.native.values import Value
from diptych.backends.native.writer import CodeWriter

for _name in (*pointwise.FLOATING, *pointwise.ALIKE, *pointwise.ASKING):

    def _elementwise(w: CodeWriter, out: Any, *operands: Any, _name: str = _name, memory_format: Any = None) -> Value:
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


@step("leaky_relu")
def leaky_relu(w: CodeWriter, out: Any, x: Any, slope: Any = 0.01) -> Value:
    parts = [w.operand(v, out.dtype, w.sizes(out)) for v in (x, slope)]
    return pointwise.formula("({a} > 0 ? {a} : {a} * {b})", w.sizes(out), out.dtype, parts)


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
