"""Operators: arithmetic in and out of place, comparisons, identity and membership."""

from __future__ import annotations

import collections
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch

from diptych.capture.guards import Guard, SameAs
from diptych.capture.python_operators import AUGMENTED, BINARY, COMPARE, UNARY
from diptych.capture.staging.attributes import class_attribute
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.overloads import Overloads
from diptych.capture.staging.rows import rows_of
from diptych.capture.staging.subscripts import Subscripts
from diptych.capture.tensors import handle, kin
from diptych.capture.trail import MISSING, ContentsPlace
from diptych.capture.values import COMPARISONS, Scalar, Union, kind_of

PLAIN_OF: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow, "LShift": operator.lshift,
    "RShift": operator.rshift, "BitAnd": operator.and_, "BitOr": operator.or_, "BitXor": operator.xor,
    "MatMult": operator.matmul,
}  # fmt: skip


UNARY_METHODS = {"USub": "__neg__", "UAdd": "__pos__", "Invert": "__invert__"}


class Operators(Overloads, Subscripts):
    """Operators of tensors, numbers of the graph and containers."""

    def binary(self, name: str, left: Any, right: Any) -> Any:
        """Operators that mean something for lists and text as well."""
        left, right = self.resolve(left), self.resolve(right)
        if isinstance(left, Union) or isinstance(right, Union):
            return self.distribute(lambda a, b: self.binary(name, a, b), left, right)
        for side in (left, right):
            if mixed_contents(side) is not None:
                return self.through_mixed(side, lambda: self.binary(name, left, right))
        if name == "Add" and isinstance(left, list) and isinstance(right, list):
            return self.new_container(self.concatenate(left, right))
        if name == "Mod" and isinstance(left, str) and self.holds_traced(right):
            return self.percent(left, right)
        made = self.overloaded(name, left, right)
        return self.new_container(BINARY[name](left, right)) if made is NotImplemented else made

    def unary(self, name: str, value: Any) -> Any:
        """`-value` and its kin."""
        value = self.tape.as_scalar(self.resolve(value))
        if isinstance(value, Union):
            return self.distribute(lambda v: self.unary(name, v), value)
        method = class_attribute(type(value), UNARY_METHODS[name])
        return self.call(method, value) if self.transforms(method) else UNARY[name](value)

    def augment(self, name: str, left: Any, right: Any) -> Any:
        """In-place operators: tensors are written, lists extended."""
        left, right = self.resolve(left), self.resolve(right)
        if isinstance(left, Union) or isinstance(right, Union):
            return self.distribute(lambda a, b: self.augment(name, a, b), left, right)
        if isinstance(left, list) and name == "Add":
            self.call(left.extend, right)
            return left
        if mixed_contents(left) is not None:
            self.through_mixed(left, lambda: self.augment(name, left, right) and None)
            return left
        if isinstance(left, set | dict | collections.deque | list):
            self.tape.trail.touch(ContentsPlace(left))
        made = self.in_place(name, left, right)
        if made is not NotImplemented:
            return made
        if isinstance(left, Scalar) or (isinstance(right, Scalar) and not isinstance(left, torch.Tensor)):
            return PLAIN_OF[name](left, right)
        if isinstance(left, torch.Tensor) and isinstance(right, Scalar):
            right = self.tape.argument(right)
        return AUGMENTED[name](left, right)

    def compare(self, names: tuple[str, ...], first: Any, second: Any, *others: Any) -> Any:
        """Comparisons; a chain is an `and`."""
        if not others:
            return self.compare_two(names[0], first, second)
        result = self.compare_two(names[0], first, second)

        def more(k: int, left: Any) -> Any:
            right = others[k]()
            found = self.compare_two(names[k + 1], left, right)
            return self.and_(found, lambda: more(k + 1, right)) if k + 1 < len(others) else found

        return self.and_(result, lambda: more(0, second))

    def compare_two(self, name: str, left: Any, right: Any) -> Any:
        left, right = self.resolve(left), self.resolve(right)
        if isinstance(left, Union) or isinstance(right, Union):
            return self.distribute(lambda a, b: self.compare_two(name, a, b), left, right)
        if name in ("Is", "IsNot"):
            same = self.identical(left, right)
            return same if name == "Is" else self.not_(same)
        if name in ("In", "NotIn"):
            found = self.contains(left, right)
            return found if name == "In" else self.not_(found)
        for side in (left, right):
            if mixed_contents(side) is not None:
                return self.through_mixed(side, lambda: self.compare_two(name, left, right))
        if name in ("Eq", "NotEq") and type(left) is type(right) and isinstance(left, tuple | list):
            equal = self.equal_items(left, right)
            return equal if name == "Eq" else self.not_(equal)
        made = self.overloaded(name, left, right)
        return COMPARE[name](left, right) if made is NotImplemented else made

    def identical(self, left: Any, right: Any) -> bool:
        """`left is right`: a number of the graph is never None or another constant."""
        if isinstance(left, Scalar | torch.SymInt) or isinstance(right, Scalar | torch.SymInt):
            one, two = self.tape.as_scalar(left), self.tape.as_scalar(right)
            if one is two:
                return True
            kinds = kind_of(one), kind_of(two)
            if kinds[0] == kinds[1] == "bool":
                return self.tape.scalar(COMPARISONS["eq"], one, two)
            if kinds[0] is None or kinds[1] is None or kinds[0] != kinds[1]:
                return False
            raise self.tape.refuse("opaque-conversion", "'is' between numbers")
        if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor) and left is not right:
            one, two = (handle(self.traced(v)).store for v in (left, right))
            if set(kin([one])) & set(kin([two])) and (one.twins or two.twins or one.copies):
                raise self.tape.refuse("view-of-path", "'is' between tensors that are one on some paths")
        self.rely_on_identity(left, right)
        return left is right

    def rely_on_identity(self, left: Any, right: Any) -> None:
        """Whether two objects of the outside are one may differ at the next call."""
        one, two = (self.world.sources.get(id(v)) for v in (left, right))
        if one is not None and two is not None and left is not right:
            self.world.guards.append(Guard(one, f"{one.path} is not {two.path}", SameAs(two, same=False)))

    def equal_items(self, left: Any, right: Any) -> Any:
        """Equality of sequences that may hold numbers of the graph."""
        if not (self.holds_traced(left) or self.holds_traced(right)):
            return left == right
        if rows_of(left) is not None or rows_of(right) is not None:
            raise self.tape.refuse("opaque-conversion", "growing lists are compared")
        if len(left) != len(right):
            return False
        if not left:
            return True
        pairs = list(zip(left, right, strict=True))

        def test(k: int) -> Any:
            return lambda: self.truth(self.compare_two("Eq", *pairs[k]))

        return self.all_true(test(0)(), *(test(k) for k in range(1, len(pairs))))

    def contains(self, item: Any, container: Any) -> Any:
        """`item in container`."""
        item = self.tape.as_scalar(item)
        if mixed_contents(container) is not None:
            return self.through_mixed(container, lambda: self.contains(item, container))
        if isinstance(container, torch.Tensor):
            if isinstance(item, Scalar):
                item = self.tape.argument(item)
            return self.number_of((item == container).any())
        self.world.key(container, item)
        if isinstance(container, str | bytes) and not isinstance(item, Scalar):
            return item in container
        if isinstance(container, range) and isinstance(item, Scalar):
            raise self.tape.refuse("opaque-conversion", "a number of the graph in a range")
        if isinstance(item, Scalar) or (isinstance(container, list | tuple) and self.holds_traced(container)):
            if rows_of(container) is not None:
                raise self.tape.refuse("opaque-conversion", "'in' a growing list")
            keys = list(container)
            if isinstance(item, torch.Tensor) and any(k is item for k in keys[:1]):
                return True
            tests = [lambda k=k: True if k is item else self.truth(self.compare_two("Eq", item, k)) for k in keys]
            return self.any_true(tests[0](), *tests[1:]) if tests else False
        if isinstance(container, torch.nn.Module):
            kind: Any = type(container)
            return self.call(kind.__contains__, container, item)
        method = class_attribute(type(container), "__contains__")
        if method is MISSING and self.iterator(container) is not container:
            return self.found(item, iter(self.iterate(container)))
        return self.call(method, container, item) if self.transforms(method) else item in container

    def found(self, item: Any, items: Iterator[Any]) -> Any:
        """Whether one of the items is equal to a value; no more are asked for than Python would."""
        for known in items:
            same = True if known is item else self.truth(self.compare_two("Eq", item, known))
            if same is True:
                return True
            if same is not False:
                return self.any_true(same, lambda: self.found(item, items))
        return False
