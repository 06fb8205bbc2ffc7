"""Python's numbers in C: ints that would overflow, and what would raise in Python, end the run as failed."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import torch

from diptych.backends.native.values import Number, Strided, Value
from diptych.backends.native.writer import CodeWriter
from diptych.graph.own import OWN

COMPARE = {operator.eq: "==", operator.ne: "!=", operator.lt: "<", operator.le: "<=", operator.gt: ">",
           operator.ge: ">="}  # fmt: skip
CHECKED = {operator.add: "add", operator.sub: "sub", operator.mul: "mul"}
PLAIN = {operator.add: "+", operator.sub: "-", operator.mul: "*"}
BITS = {operator.and_: "&", operator.or_: "|", operator.xor: "^"}
MATH = {math.sqrt: "sqrt", math.exp: "exp", math.log: "log", math.sin: "sin", math.cos: "cos", math.tanh: "tanh",
        math.tan: "tan", math.log2: "log2", math.log10: "log10", math.log1p: "log1p", math.expm1: "expm1",
        math.fabs: "fabs", math.atan: "atan", math.erf: "erf"}  # fmt: skip
EXACT = 2**53


def as_number(value: Any) -> Number:
    """An operand as a number in C."""
    if isinstance(value, Number):
        return value
    if isinstance(value, bool):
        return Number("bool", "true" if value else "false", value)
    if isinstance(value, int):
        return Number("int", f"((int64_t){value})", value)
    if math.isnan(value):
        return Number("float", "(double)NAN", value)
    if math.isinf(value):
        return Number("float", "(double)INFINITY" if value > 0 else "(-(double)INFINITY)", value)
    return Number("float", f"({value.hex()})", value)


def fail_if(writer: CodeWriter, condition: str) -> None:
    """The run ends as failed where a condition holds."""
    writer.can_fail = True
    writer.lines(f"if ({condition}) {{ d_failed = 1; goto d_end; }}")


def calculates(target: Any) -> bool:
    """Whether a function of Python only computes a number."""
    return getattr(target, "__module__", "") in ("_operator", "math", "builtins") or target in (*RULES, ITEM)


def number_step(writer: CodeWriter, target: Any, args: Any, kind: str) -> Any:
    """A function of Python on numbers, or a conversion of a tensor of one element."""
    if any(isinstance(arg, Value) for arg in args):
        return converted(writer, target, args[0], kind)
    if not all(isinstance(arg, Number | bool | int | float) for arg in args) or any(
        type(arg) is int and abs(arg) >= 2**63 for arg in args
    ):
        raise writer.refuse(f"{getattr(target, '__name__', target)} of such operands")
    operands = [as_number(arg) for arg in args]
    found = RULES.get(target)
    if found is not None:
        return found(writer, kind, *operands)
    if target in COMPARE:
        return compared(writer, COMPARE[target], *operands)
    if target in CHECKED:
        return arithmetic(writer, target, kind, *operands)
    if target in BITS:
        return writer.number(kind, f"({operands[0].text} {BITS[target]} {operands[1].text})")
    if target in MATH:
        x = writer.number("float", f"(double){operands[0].text}")
        made = writer.number("float", f"{MATH[target]}({x.text})")
        fail_if(writer, f"!isfinite({made.text}) && isfinite({x.text})")
        return made
    raise writer.refuse(f"{getattr(target, '__name__', target)} of numbers")


def converted(writer: CodeWriter, target: Any, value: Value, kind: str) -> Number:
    """The number in a tensor of one element."""
    if value.count != 1 or target not in (builtins.bool, builtins.int, builtins.float, ITEM):
        raise writer.refuse(f"{getattr(target, '__name__', target)} of a tensor")
    source = writer.realised(value)
    element = f"{source.buffer.name}[{source.address(('0',) * len(source.sizes))}]"
    if target is builtins.int and value.dtype.is_floating_point:
        x = variable(writer, "double", element, source)
        fail_if(writer, f"!(fabs({x}) < 9e18)")
        return writer.number("int", f"(int64_t){x}")
    text = f"({element} != 0)" if kind == "bool" else f"({as_number(0).type if kind == 'int' else 'double'}){element}"
    name = variable(writer, {"bool": "bool", "int": "int64_t", "float": "double"}[kind], text, source)
    return Number(kind, name)


def variable(writer: CodeWriter, type_: str, text: str, source: Strided) -> str:
    """A variable with what is read from memory."""
    name = writer.names.fresh("n")
    writer.lines(f"const {type_} {name} = {text};", reads=[source.buffer])
    return name


def compared(writer: CodeWriter, sign: str, a: Number, b: Number) -> Number:
    """A comparison; ints against floats only where both are exact."""
    if {a.kind, b.kind} == {"int", "float"}:
        whole = a if a.kind == "int" else b
        if whole.value is None:
            fail_if(writer, f"llabs({whole.text}) > {EXACT}LL")
    return writer.number("bool", f"({a.text} {sign} {b.text})")


def arithmetic(writer: CodeWriter, target: Any, kind: str, a: Number, b: Number) -> Number:
    """Sum, difference, product."""
    if kind == "float":
        return writer.number("float", f"(double){a.text} {PLAIN[target]} (double){b.text}")
    name = writer.names.fresh("n")
    writer.lines(f"int64_t {name};")
    text = f"__builtin_{CHECKED[target]}_overflow((int64_t){a.text}, (int64_t){b.text}, &{name})"
    fail_if(writer, text)
    return Number("int", name)


def divided(writer: CodeWriter, kind: str, a: Number, b: Number) -> Number:
    """`/`."""
    fail_if(writer, f"{b.text} == 0")
    for one in (a, b):
        if one.kind == "int" and one.value is None:
            fail_if(writer, f"llabs({one.text}) > {EXACT}LL")
    return writer.number("float", f"(double){a.text} / (double){b.text}")


def floor_divided(writer: CodeWriter, kind: str, a: Number, b: Number) -> Number:
    """`//`."""
    fail_if(writer, f"{b.text} == 0")
    if kind == "float":
        return writer.number("float", f"d_floordiv((double){a.text}, (double){b.text})")
    fail_if(writer, f"{a.text} == INT64_MIN")
    return writer.number("int", f"d_idiv({a.text}, {b.text})")


def remainder(writer: CodeWriter, kind: str, a: Number, b: Number) -> Number:
    """`%`."""
    fail_if(writer, f"{b.text} == 0")
    name = "d_remainder" if kind == "float" else "d_imod"
    type_ = "double" if kind == "float" else "int64_t"
    return writer.number(kind, f"{name}(({type_}){a.text}, ({type_}){b.text})")


def power(writer: CodeWriter, kind: str, a: Number, b: Number) -> Number:
    """`**`."""
    if kind != "float":
        if not isinstance(b.value, int) or b.value not in (1, 2, 3):
            raise writer.refuse("powers of whole numbers")
        made = a
        for _ in range(b.value - 1):
            made = arithmetic(writer, operator.mul, "int", made, a)
        return made
    x, y = writer.number("float", f"(double){a.text}"), writer.number("float", f"(double){b.text}")
    made = writer.number("float", f"pow({x.text}, {y.text})")
    fail_if(writer, f"({made.text} != {made.text} && {x.text} == {x.text} && {y.text} == {y.text})")
    fail_if(writer, f"isinf({made.text}) && isfinite({x.text}) && isfinite({y.text})")
    return made


def negative(writer: CodeWriter, kind: str, a: Number) -> Number:
    """`-x`."""
    if kind == "float":
        return writer.number("float", f"-{a.text}")
    fail_if(writer, f"(int64_t){a.text} == INT64_MIN")
    return writer.number("int", f"-(int64_t){a.text}")


def absolute(writer: CodeWriter, kind: str, a: Number) -> Number:
    """`abs`."""
    if kind == "float":
        return writer.number("float", f"fabs({a.text})")
    fail_if(writer, f"(int64_t){a.text} == INT64_MIN")
    return writer.number("int", f"llabs((int64_t){a.text})")


def extreme(sign: str) -> Callable[..., Number]:
    """`min`, `max` of numbers of one kind."""

    def rule(writer: CodeWriter, kind: str, *operands: Number) -> Number:
        if len({o.kind for o in operands}) != 1:
            raise writer.refuse("the extreme of numbers of several kinds")
        made = operands[0]
        for other in operands[1:]:
            made = writer.number(kind, f"({other.text} {sign} {made.text}) ? {other.text} : {made.text}")
        return made

    return rule


def same(writer: CodeWriter, kind: str, a: Number) -> Number:
    """A conversion to the kind of the result."""
    if kind == "int" and a.kind == "float":
        fail_if(writer, f"!(fabs({a.text}) < 9e18)")
    text = f"({a.text} != 0)" if kind == "bool" else f"({Number(kind, '').type}){a.text}"
    return writer.number(kind, text)


def picked(writer: CodeWriter, kind: str, pred: Number, a: Number, b: Number) -> Number:
    """One of two numbers."""
    return writer.number(kind, f"{pred.text} ? {a.text} : {b.text}")


def negated(writer: CodeWriter, kind: str, a: Number) -> Number:
    """`not x`."""
    return writer.number("bool", f"!{a.text}")


def assumed(writer: CodeWriter, kind: str, value: Number, expected: Number) -> Number:
    """The run ends where a number is not as expected."""
    fail_if(writer, f"{value.text} != {expected.text}")
    return Number("int", "((int64_t)0)", 0)


RULES: dict[Any, Callable[..., Number]] = {
    operator.truediv: divided,
    operator.floordiv: floor_divided,
    operator.mod: remainder,
    operator.pow: power,
    operator.neg: negative,
    operator.pos: same,
    operator.abs: absolute,
    operator.not_: negated,
    builtins.abs: absolute,
    builtins.min: extreme("<"),
    builtins.max: extreme(">"),
    builtins.int: same,
    builtins.float: same,
    builtins.bool: same,
    OWN["pick"]: picked,
    OWN["assume"]: assumed,
}
ITEM: Any = torch.ops.aten.item.default
