"""Methods called by name or through their class: `v.__len__()`, `list.append(v, x)`, `operator.add(a, b)`."""

from __future__ import annotations

import collections
import operator
import types
from collections.abc import Callable
from typing import Any

from diptych.capture.python_operators import AUGMENTED, BINARY, COMPARE, UNARY
from diptych.capture.staging.builtin.iteration import builtin_iter, builtin_next, builtin_reversed
from diptych.capture.staging.builtin.objects import builtin_hash
from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.values import Scalar

Meaning = Callable[..., Any]

DESCRIPTORS = (types.MethodDescriptorType, types.WrapperDescriptorType)

BUILTIN = (list, dict, set, collections.deque, tuple, frozenset, str, range, int, float, bool)
"""Types whose operators do what their methods of that name do."""


def binary(name: str) -> Meaning:
    """An operator."""
    return lambda stager, a, b: stager.binary(name, a, b)


def unary(name: str) -> Meaning:
    """An operator of one operand."""
    return lambda stager, a: stager.unary(name, a)


def compared(name: str) -> Meaning:
    """A comparison."""
    return lambda stager, a, b: stager.compare((name,), a, b)


def augmented(name: str) -> Meaning:
    """An in-place operator."""
    return lambda stager, a, b: stager.augment(name, a, b)


SLOTS: dict[str, Meaning] = {
    "join": lambda stager, owner, items: stager.join_items(owner, items),
    "format": lambda stager, owner, *args, **kwargs: stager.format_template(owner, *args, **kwargs),
    "__len__": lambda stager, owner: stager.length(owner),
    "__contains__": lambda stager, owner, item: stager.contains(item, owner),
    "__getitem__": lambda stager, owner, key: stager.getitem(owner, key),
    "__setitem__": lambda stager, owner, key, value: stager.setitem(owner, key, value),
    "__delitem__": lambda stager, owner, key: stager.delitem(owner, key),
    "__iter__": builtin_iter,
    "__next__": builtin_next,
    "__reversed__": builtin_reversed,
    "__bool__": lambda stager, owner: stager.truth(owner),
    "__hash__": builtin_hash,
    "__str__": lambda stager, owner: stager.format(owner, ord("s"), ""),
    "__repr__": lambda stager, owner: stager.format(owner, ord("r"), ""),
    "__format__": lambda stager, owner, form: stager.format(owner, -1, form),
    "__iadd__": augmented("Add"),
    "__imul__": augmented("Mult"),
    "__ior__": augmented("BitOr"),
    "__iand__": augmented("BitAnd"),
    "__isub__": augmented("Sub"),
    "__ixor__": augmented("BitXor"),
}
"""What a method with a name of Python's own is, as a hook; the operators of the plain types are these."""


for _name, _function in BINARY.items():
    meaning(_function)(binary(_name))
for _name, _function in UNARY.items():
    meaning(_function)(unary(_name))
for _name, _function in COMPARE.items():
    if _name not in ("In", "NotIn"):
        meaning(_function)(compared(_name))
for _name, _function in AUGMENTED.items():
    meaning(_function)(augmented(_name))


@meaning(operator.abs)
def operator_abs(stager: Any, value: Any) -> Any:
    """`operator.abs(a)`."""
    return stager.call(abs, value)


@meaning(operator.contains)
def operator_contains(stager: Any, owner: Any, item: Any) -> Any:
    """`operator.contains(a, b)`."""
    return stager.compare(("In",), item, owner)


@meaning(operator.getitem)
def operator_getitem(stager: Any, owner: Any, key: Any) -> Any:
    """`operator.getitem(a, b)`."""
    return stager.getitem(owner, key)


@meaning(operator.setitem)
def operator_setitem(stager: Any, owner: Any, key: Any, value: Any) -> None:
    """`operator.setitem(a, b, c)`."""
    stager.setitem(owner, key, value)


@meaning(operator.delitem)
def operator_delitem(stager: Any, owner: Any, key: Any) -> None:
    """`operator.delitem(a, b)`."""
    stager.delitem(owner, key)


@meaning(operator.truth)
def operator_truth(stager: Any, value: Any) -> Any:
    """`operator.truth(a)`."""
    return stager.truth(value)


@meaning(operator.length_hint)
def operator_length_hint(stager: Any, value: Any, *default: Any) -> Any:
    """`operator.length_hint(a)`."""
    return stager.length(value)


def bound(f: Any, args: tuple[Any, ...]) -> Any:
    """`list.append` with its list in front, as the list's own `append`."""
    if isinstance(f, DESCRIPTORS) and args and issubclass(f.__objclass__, BUILTIN):
        owner: Any = args[0]
        if isinstance(owner, f.__objclass__):
            return f.__get__(owner, type(owner))
    return None


def slot(f: Any) -> Meaning | None:
    """The meaning of a bound method that Python itself calls for an operator, if its owner is of a plain type."""
    owner = getattr(f, "__self__", None)
    if f == object.__setattr__:
        return lambda stager, *args: stager.set_plainly(*args)
    if isinstance(f, types.MethodWrapperType) and f.__name__ == "__setattr__" and f.__objclass__ is object:
        return lambda stager, *args: stager.set_plainly(owner, *args)
    if isinstance(f, types.MethodWrapperType | types.BuiltinMethodType) and type(owner) in (*BUILTIN, Scalar):
        found = SLOTS.get(f.__name__)
        return found and (lambda stager, *args, **kwargs: found(stager, owner, *args, **kwargs))
    return None
