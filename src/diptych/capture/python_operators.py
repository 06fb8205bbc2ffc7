"""Python's operators by the names of their syntax nodes, and its unpacking."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any


def contains(item: Any, container: Any) -> bool:
    """`item in container`."""
    return item in container


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": contains,
    "NotIn": lambda item, container: item not in container,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Mod": operator.mod,
    "Add": operator.add,
    "Mult": operator.mul,
    "Sub": operator.sub,
    "BitOr": operator.or_,
    "BitAnd": operator.and_,
    "BitXor": operator.xor,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Pow": operator.pow,
    "MatMult": operator.matmul,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
}
UNARY: dict[str, Callable[[Any], Any]] = {"USub": operator.neg, "UAdd": operator.pos, "Invert": operator.invert}
AUGMENTED: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.iadd,
    "Sub": operator.isub,
    "Mult": operator.imul,
    "MatMult": operator.imatmul,
    "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv,
    "Mod": operator.imod,
    "Pow": operator.ipow,
    "LShift": operator.ilshift,
    "RShift": operator.irshift,
    "BitAnd": operator.iand,
    "BitOr": operator.ior,
    "BitXor": operator.ixor,
}


@functools.cache
def unpacking(count: int, star: int) -> Callable[[Any], tuple[Any, ...]]:
    """Python's own unpacking into `count` targets, the one at `star` (if any) a list."""
    names = [f"{'*' * (k == star)}item{k}" for k in range(count)]
    made: dict[str, Any] = {}
    text = f"def unpack(value):\n  [{', '.join(names)}] = value\n  return ({', '.join(names).replace('*', '')},)"
    exec(compile(text, "<unpacking>", "exec"), made)
    return made["unpack"]
