"""Operators that the program's classes define: their methods run transformed, in the order that Python tries them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from diptych.capture.staging.attributes import Attributes, class_attribute
from diptych.capture.staging.opaque import generated

STEMS = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "truediv", "FloorDiv": "floordiv", "Mod": "mod",
         "Pow": "pow", "MatMult": "matmul", "LShift": "lshift", "RShift": "rshift", "BitAnd": "and", "BitOr": "or",
         "BitXor": "xor"}  # fmt: skip
METHODS: dict[str, tuple[str, str]] = {
    **{name: (f"__{stem}__", f"__r{stem}__") for name, stem in STEMS.items()},
    "Eq": ("__eq__", "__eq__"),
    "NotEq": ("__ne__", "__ne__"),
    "Lt": ("__lt__", "__gt__"),
    "LtE": ("__le__", "__ge__"),
    "Gt": ("__gt__", "__lt__"),
    "GtE": ("__ge__", "__le__"),
}
"""For each operator the method of its left operand, and that of its right one."""


class Overloads(Attributes):
    """Operators between objects of the program."""

    equal_items: Callable[[Any, Any], Any]

    def overloaded(self, name: str, left: Any, right: Any) -> Any:
        """`left op right` by the methods of the program's classes; NotImplemented if there are none."""
        first, second = METHODS[name]
        own, other = class_attribute(type(left), first), class_attribute(type(right), second)
        if name == "NotEq" and own is object.__ne__ and other is object.__ne__:
            equal = self.overloaded("Eq", left, right)
            return equal if equal is NotImplemented else self.not_(equal)
        if not self.transforms(own) and not self.transforms(other):
            return NotImplemented
        order = [(own, left, right), (other, right, left)]
        if type(left) is type(right) and name in STEMS:
            order.pop()
        elif type(right) is not type(left) and issubclass(type(right), type(left)):
            order.reverse()
        for method, a, b in order:
            made = self.by_method(name, method, a, b) if self.transforms(method) else NotImplemented
            if made is not NotImplemented:
                return made
        return NotImplemented

    def by_method(self, name: str, method: Any, left: Any, right: Any) -> Any:
        """What one method says."""
        if name != "Eq" or not generated(method) or not dataclasses.is_dataclass(left):
            return self.call(method, left, right)
        if type(left) is not type(right):
            return NotImplemented
        names = [field.name for field in dataclasses.fields(left) if field.compare]
        values = [tuple(self.getattr(side, n) for n in names) for side in (left, right)]
        return self.equal_items(*values)

    def in_place(self, name: str, left: Any, right: Any) -> Any:
        """`left op= right` by a method of the left operand's class."""
        method = class_attribute(type(left), f"__i{STEMS[name]}__")
        made = self.call(method, left, right) if self.transforms(method) else NotImplemented
        return self.overloaded(name, left, right) if made is NotImplemented else made
