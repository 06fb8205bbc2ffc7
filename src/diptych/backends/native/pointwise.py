"""Elementwise operations: one line each. `{a}`, `{b}`, `{c}` are the operands, `{f}` is the suffix of C's functions."""

from __future__ import annotations

from typing import Any

import torch

from diptych.backends.native.literals import literal
from diptych.backends.native.values import C_TYPES, Computed, Lazy, Number, Value
from diptych.backends.native.writer import CodeWriter

aten = torch.ops.aten

SLOW = 4
"""What a call of a function of C's library costs, in operations."""

FLOATING: dict[str, str] = {
    "exp": "exp{f}({a})", "expm1": "expm1{f}({a})", "exp2": "exp2{f}({a})", "log": "log{f}({a})",
    "log1p": "log1p{f}({a})", "log2": "log2{f}({a})", "log10": "log10{f}({a})", "sqrt": "sqrt{f}({a})",
    "rsqrt": "(1 / sqrt{f}({a}))", "reciprocal": "(1 / {a})", "sin": "sin{f}({a})", "cos": "cos{f}({a})",
    "tan": "tan{f}({a})", "asin": "asin{f}({a})", "acos": "acos{f}({a})", "atan": "atan{f}({a})",
    "sinh": "sinh{f}({a})", "cosh": "cosh{f}({a})", "tanh": "tanh{f}({a})", "asinh": "asinh{f}({a})",
    "acosh": "acosh{f}({a})", "atanh": "atanh{f}({a})", "erf": "erf{f}({a})", "erfc": "erfc{f}({a})",
    "sigmoid": "(1 / (1 + exp{f}(-{a})))",
}  # fmt: skip
"""Of floating-point numbers; integers are converted first."""

ALIKE: dict[str, str] = {
    "neg": "(-{a})", "relu": "({a} < 0 ? 0 : {a})", "floor": "floor{f}({a})", "ceil": "ceil{f}({a})",
    "trunc": "trunc{f}({a})", "round": "rint{f}({a})", "abs": "fabs{f}({a})",
    "sign": "({t})(({a} > 0) - ({a} < 0))", "sgn": "({t})(({a} > 0) - ({a} < 0))", "positive": "{a}", "clone": "{a}",
    "alias": "{a}", "detach": "{a}", "lift_fresh_copy": "{a}", "bitwise_not": "(~{a})", "conj_physical": "{a}",
    "add": "({a} + {b})", "sub": "({a} - {b})", "mul": "({a} * {b})",
    "maximum": "(({a} != {a} || {a} > {b}) ? {a} : {b})", "minimum": "(({a} != {a} || {a} < {b}) ? {a} : {b})",
    "fmax": "fmax{f}({a}, {b})", "fmin": "fmin{f}({a}, {b})",
    "fmod": "fmod{f}({a}, {b})", "remainder": "d_remainder{f}({a}, {b})",
    "bitwise_and": "({a} & {b})", "bitwise_or": "({a} | {b})", "bitwise_xor": "({a} ^ {b})",
    "copysign": "copysign{f}({a}, {b})",
}  # fmt: skip
"""The result has the type that the operands have together."""

INTEGER: dict[str, str] = {
    "abs": "({a} < 0 ? -{a} : {a})", "floor": "{a}", "ceil": "{a}", "trunc": "{a}", "round": "{a}",
    "remainder": "d_imod({a}, {b})", "fmod": "({a} % {b})",
}  # fmt: skip
"""The same of whole numbers, where that is something else."""

ASKING: dict[str, str] = {
    "eq": "({a} == {b})", "ne": "({a} != {b})", "lt": "({a} < {b})", "le": "({a} <= {b})", "gt": "({a} > {b})",
    "ge": "({a} >= {b})", "logical_not": "(!{a})", "isnan": "({a} != {a})", "isinf": "(bool)isinf((double){a})",
    "logical_and": "(({a} != 0) && ({b} != 0))", "logical_or": "(({a} != 0) || ({b} != 0))",
    "logical_xor": "(({a} != 0) != ({b} != 0))", "isfinite": "(bool)isfinite((double){a})",
    "signbit": "(bool)signbit({a})",
}  # fmt: skip
"""The result is a bool."""
CALLS = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "erf", "pow", "sigmoid")
IDENTITY = {"clone", "alias", "detach", "lift_fresh_copy", "positive", "conj_physical"}
TEXTS: dict[str, str] = {**FLOATING, **ALIKE, **ASKING}


def together(operands: list[Any]) -> torch.dtype:
    """The type that operands have together (numbers count less than tensors, as in PyTorch)."""
    stands: list[Any] = []
    for operand in operands:
        if isinstance(operand, Value):
            stands.append(torch.empty((1,) * len(operand.sizes), dtype=operand.dtype, device="meta"))
        elif isinstance(operand, Number):
            stands.append({"bool": True, "int": 1, "float": 1.0}[operand.kind])
        else:
            stands.append(operand)
    found = stands[0].dtype if len(stands) == 1 else torch.result_type(*stands[:2])
    for stand in stands[2:]:
        found = torch.promote_types(found, stand.dtype) if isinstance(stand, torch.Tensor) else found
    return found


def elementwise(writer: CodeWriter, name: str, out: torch.Tensor, operands: list[Any]) -> Value:
    """An operation of the table."""
    sizes = writer.sizes(out)
    writer.dtype(out.dtype)
    kind = out.dtype if name in FLOATING or name in ALIKE else together(operands)
    text = TEXTS[name]
    if not kind.is_floating_point:
        text = INTEGER.get(name, text)
        if name in ("remainder", "fmod"):
            check_divisor(writer, operands[1])
    if kind is torch.bool and name in ("add", "mul", "bitwise_and", "bitwise_or", "bitwise_not", "neg", "sub"):
        text = {"add": "({a} || {b})", "mul": "({a} && {b})", "bitwise_not": "(!{a})"}.get(name, text)
    parts = [writer.operand(operand, kind, sizes) for operand in operands]
    if name in IDENTITY:
        return Lazy(sizes, out.dtype, parts, lambda a: a)
    return formula(text, sizes, out.dtype, parts, SLOW if name.startswith(CALLS) else 1)


def formula(text: str, sizes: Any, dtype: torch.dtype, parts: list[Value], cost: int = 1) -> Lazy:
    """A value by a formula of the elements of `parts`."""
    suffix = "f" if dtype is torch.float32 else ""

    def made(*elements: str) -> str:
        named = dict(zip("abcd", elements, strict=False))
        return text.format(f=suffix, t=C_TYPES[dtype], **named)

    return Lazy(sizes, dtype, parts, made, cost)


def scaled(writer: CodeWriter, name: str, out: torch.Tensor, a: Any, b: Any, alpha: Any = 1) -> Value:
    """`a + alpha * b`, or `a - alpha * b`."""
    if not isinstance(alpha, Number) and alpha == 1:
        return elementwise(writer, name, out, [a, b])
    sizes = writer.sizes(out)
    parts = [writer.operand(v, out.dtype, sizes) for v in (a, b, alpha)]
    return formula("({a} %s {c} * {b})" % ("+" if name == "add" else "-"), sizes, out.dtype, parts, 2)


def divided(writer: CodeWriter, out: torch.Tensor, a: Any, b: Any, rounding_mode: str | None = None) -> Value:
    """`div`, with its rounding modes."""
    sizes = writer.sizes(out)
    parts = [writer.operand(v, out.dtype, sizes) for v in (a, b)]
    if rounding_mode is None:
        return formula("({a} / {b})", sizes, out.dtype, parts)
    if not out.dtype.is_floating_point:
        check_divisor(writer, b)
        return formula("({a} / {b})" if rounding_mode == "trunc" else "d_idiv({a}, {b})", sizes, out.dtype, parts, 2)
    text = "trunc{f}({a} / {b})" if rounding_mode == "trunc" else "d_floordiv{f}({a}, {b})"
    return formula(text, sizes, out.dtype, parts, 2)


def check_divisor(writer: CodeWriter, divisor: Any) -> None:
    """Whole numbers are divided where that is always possible: PyTorch raises an error if not."""
    if not isinstance(divisor, int) or divisor in (0, -1):
        raise writer.refuse("division of whole numbers by what may be zero")


def power(writer: CodeWriter, out: torch.Tensor, a: Any, b: Any) -> Value:
    """`pow`; small whole exponents by products."""
    sizes = writer.sizes(out)
    if not out.dtype.is_floating_point and not (isinstance(b, int) and b in (1, 2, 3)):
        raise writer.refuse("powers of whole numbers")
    base = writer.operand(a, out.dtype, sizes)
    simple = {1: "{a}", 2: "({a} * {a})", 3: "({a} * {a} * {a})", 0.5: "sqrt{f}({a})", -1: "(1 / {a})"}
    simple |= {-0.5: "(1 / sqrt{f}({a}))", -2: "(1 / ({a} * {a}))"}
    if not isinstance(b, Value | Number) and b in simple:
        return formula(simple[b], sizes, out.dtype, [base], 2)
    return formula("pow{f}({a}, {b})", sizes, out.dtype, [base, writer.operand(b, out.dtype, sizes)], SLOW)


def chosen(writer: CodeWriter, out: torch.Tensor, condition: Any, a: Any, b: Any) -> Value:
    """`where`."""
    sizes = writer.sizes(out)
    parts = [writer.operand(condition, torch.bool, sizes), *(writer.operand(v, out.dtype, sizes) for v in (a, b))]
    return formula("({a} ? {b} : {c})", sizes, out.dtype, parts)


def clamped(writer: CodeWriter, out: torch.Tensor, x: Any, low: Any = None, high: Any = None) -> Value:
    """`clamp`: NaN stays, and a bound that is NaN makes all of them NaN."""
    sizes = writer.sizes(out)
    made = writer.operand(x, out.dtype, sizes)
    for bound, beyond in ((low, "<"), (high, ">")):
        if bound is not None:
            number = isinstance(bound, int | float) and bound == bound
            text = "({a} %s {b})" if number else "({a} %s {b} || {b} != {b})"
            parts = [made, writer.operand(bound, out.dtype, sizes)]
            made = formula(f"({text % beyond} ? {{b}} : {{a}})", sizes, out.dtype, parts)
    return made


def filled(writer: CodeWriter, out: torch.Tensor, value: Any) -> Value:
    """`full`."""
    return writer.operand(value, out.dtype, writer.sizes(out))


def counted(writer: CodeWriter, out: torch.Tensor, start: Any, step: Any) -> Value:
    """`arange`."""
    writer.dtype(out.dtype)
    if isinstance(start, Number) or isinstance(step, Number):
        raise writer.refuse("arange of numbers that only the graph knows")
    kind = torch.float64 if out.dtype.is_floating_point else torch.int64
    first, by = literal(start, kind), literal(step, kind)
    text = f"(({C_TYPES[out.dtype]})({first} + ({C_TYPES[kind]}){{}} * {by}))"
    return Computed(writer.sizes(out), out.dtype, (), lambda nest, index: text.format(index[0]))
