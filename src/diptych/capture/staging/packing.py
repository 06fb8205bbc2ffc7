"""Taking values apart into leaves (tensors and numbers) and a layout, and putting them together again."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor

from diptych.capture.hooks import HOOKS
from diptych.capture.interpreter import Signal
from diptych.capture.staging.mixtures import Mixed, mixed_contents
from diptych.capture.staging.rows import RowsOf, rows_of
from diptych.capture.tensors import Store, handle, requires_grad
from diptych.capture.trail import CellPlace, attributes
from diptych.capture.values import Original, Scalar, Undefined, Union
from diptych.graph.layout import (
    Choice,
    Constant,
    Layout,
    Leaf,
    Mapping_,
    Object_,
    Rows,
    Sequence_,
    Shared,
    instance,
    mapping,
    sequence,
    setting,
)

SEQUENCES = (list, tuple, set, frozenset, collections.deque)


class Twice(Signal):
    """An object stands in several places of what is packed: pack again, knowing that."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Packer:
    """Collects the leaves of values; `keep` says which objects stay as they are."""

    def __init__(self, tape: Any, keep: Any) -> None:
        self.tape = tape
        self.keep = keep
        self.leaves: list[Any] = []
        self.seen: dict[int, int] = {}
        self.open: set[int] = set()
        self.strict = False
        self.packed: dict[int, Any] = {}
        self.shared: dict[int, Any] = {}
        self.layouts: dict[int, Shared] = {}
        self.born: Any = lambda value: False
        self.refers: Any = lambda value: False

    def leaf(self, value: Any) -> int:
        """The number of a leaf; the same tensor is one leaf."""
        if id(value) in self.seen:
            return self.seen[id(value)]
        self.leaves.append(value)
        self.seen[id(value)] = len(self.leaves) - 1
        return len(self.leaves) - 1

    def pack(self, value: Any) -> Layout:
        """The layout of a value over the leaves."""
        if id(value) not in self.shared or id(value) in self.open:
            return self.fresh(value)
        if id(value) not in self.layouts:
            inner = self.fresh(value)
            self.layouts[id(value)] = Shared(len(self.layouts), inner)
        return self.layouts[id(value)]

    def fresh(self, value: Any) -> Layout:
        """The layout of a value that has not been met."""
        value = self.tape.as_scalar(value)
        if isinstance(value, torch.Tensor | Scalar):
            return Leaf(self.leaf(value))
        if isinstance(value, Union):
            return Choice(self.leaf(value.pred), self.pack(value.then), self.pack(value.orelse))
        if isinstance(value, Undefined | Original):
            return Constant(value)
        if self.refers(value):
            return Leaf(self.leaf(value))
        mixed = mixed_contents(value)
        if mixed is not None:
            self.once(value)
            return self.mixture(value, mixed)
        marker = rows_of(value)
        if marker is not None:
            self.once(value)
            if not isinstance(value, list):
                raise self.tape.refuse("loop-state", "a tuple of unknown length leaves the function")
            if any(requires_grad(c) for c in marker.columns):
                raise self.tape.refuse("loop-state", "a growing list of tensors with gradients leaves the function")
            columns = tuple(self.leaf(c) for c in marker.columns)
            return Rows(columns, tuple(n is not None for n in marker.numbers), marker.item)
        own = isinstance(value, list | dict | set | collections.deque | tuple) and not isinstance(value, torch.Size)
        made_here = own or self.born(value)
        self.check_inside(value)
        if self.strict and id(value) in self.open:
            raise self.tape.refuse("structure-in-branch", f"a {type(value).__name__} that holds itself is returned")
        if id(value) in self.open or self.keep(value) or not (made_here or holds(value, self.keep)):
            return Constant(value)
        if not isinstance(value, tuple | frozenset):
            self.once(value)
        self.open.add(id(value))
        try:
            return self.parts(value)
        finally:
            self.open.discard(id(value))

    def once(self, value: Any) -> None:
        """An object with an identity that stands in the result twice has to be known as such from the start."""
        if self.strict:
            if id(value) in self.packed:
                raise Twice(value)
            self.packed[id(value)] = value

    def check_inside(self, value: Any) -> None:
        """Values of the graph may not hide where no leaf can stand: sets, keys, slices, or a loop's own iterables."""
        hidden: list[Any] = []
        if isinstance(value, set | frozenset | dict):
            hidden = list(value)
        elif isinstance(value, slice):
            hidden = [value.start, value.stop, value.step]
        traced = isinstance(value, slice) and not all(isinstance(v, int | str | type(None)) for v in hidden)
        inside = traced or any(isinstance(v, Union | Scalar | Mixed | RowsOf) for v in hidden)
        ours = type(value).__module__.startswith("diptych.capture") and not isinstance(value, Undefined | Original)
        if self.strict and isinstance(value, FUNCTIONS):
            inside = holds(value, self.keep, kinds=TRACED)
        if inside or ours:
            raise self.tape.refuse(
                "structure-in-branch", f"a {type(value).__name__} with values of the graph leaves the function"
            )

    def mixture(self, owner: Any, content: Any) -> Layout:
        """A container whose contents depend on the path."""
        if isinstance(content, Union):
            then, orelse = (self.mixture(owner, c) for c in (content.then, content.orelse))
            return Choice(self.leaf(content.pred), then, orelse)
        if isinstance(owner, dict):
            return self.pack_new(mapping(type(owner), content.items(), setting(owner)))
        return self.pack_new(sequence(type(owner), content, setting(owner)))

    def pack_new(self, value: Any) -> Layout:
        """A container that is made anew even if it holds no leaves."""
        made = self.pack(value)
        return self.parts(value) if isinstance(made, Constant) else made

    def parts(self, value: Any) -> Layout:
        """A container or object that holds leaves."""
        kind = type(value)
        self.check_inside(setting(value))
        if isinstance(value, dict):
            return Mapping_(kind, tuple(value), tuple(self.pack(v) for v in value.values()), setting(value))
        if isinstance(value, SEQUENCES):
            return Sequence_(kind, tuple(self.pack(v) for v in value), setting(value))
        names = attributes(value)
        return Object_(kind, tuple(names), tuple(self.pack(names[n]) for n in names))


STAND_INS = Scalar | Union | RowsOf | Mixed | Undefined | torch.SymInt | torch.SymFloat | torch.SymBool
"""What stands for a value that Python would have: only hooks know what to do with it."""
LEAVES = torch.Tensor | STAND_INS
TRACED = FakeTensor | STAND_INS
"""What only a trace has: nothing that leaves the program may refer to it."""
FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial)


def carried(function: Any) -> list[Any]:
    """The values that a function, method or partial call refers to besides its arguments."""
    if isinstance(function, types.MethodType):
        return [function.__func__, function.__self__]
    if isinstance(function, functools.partial):
        return [function.func, *function.args, *function.keywords.values()]
    cells = [CellPlace(cell).get() for cell in function.__closure__ or ()]
    cells = [value for value in cells if value is not HOOKS]
    return [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def holds(value: Any, keep: Any, depth: int = 0, seen: set[int] | None = None, kinds: Any = LEAVES) -> bool:
    """Whether a leaf is somewhere inside a value."""
    if isinstance(value, kinds):
        return True
    if value is None or isinstance(value, bool | int | float | str | bytes | type) or depth > 50:
        return False
    seen = set() if seen is None else seen
    if id(value) in seen or (not (kinds is TRACED and isinstance(value, FUNCTIONS)) and keep(value)):
        return False
    seen.add(id(value))
    if isinstance(value, FUNCTIONS):
        return kinds is TRACED and any(holds(v, keep, depth + 1, seen, kinds) for v in carried(value))
    if isinstance(value, dict):
        return any(holds(v, keep, depth + 1, seen, kinds) for v in value.values())
    if isinstance(value, SEQUENCES):
        return any(holds(v, keep, depth + 1, seen, kinds) for v in value)
    if isinstance(value, BaseException) and any(holds(v, keep, depth + 1, seen) for v in value.args):
        return True
    if isinstance(value, torch.nn.Module) or callable(value):
        return False
    return any(holds(v, keep, depth + 1, seen, kinds) for v in attributes(value).values())


def rebuild(layout: Layout, leaves: list[Any]) -> Any:
    """The traced value that a layout describes over traced leaves."""
    match layout:
        case Leaf(index):
            return leaves[index]
        case Constant(value):
            return value
        case Sequence_(make, items, setting):
            return sequence(make, [rebuild(i, leaves) for i in items], setting)
        case Mapping_(make, keys, items, setting):
            return mapping(make, zip(keys, [rebuild(i, leaves) for i in items], strict=True), setting)
        case Object_(make, names, items):
            return instance(make, zip(names, [rebuild(i, leaves) for i in items], strict=True))
        case Choice(tag, then, orelse):
            return Union(leaves[tag], rebuild(then, leaves), rebuild(orelse, leaves))
        case Rows(columns, numbers, item):
            kinds = {torch.float64: "float", torch.int64: "int", torch.bool: "bool"}
            cols = [leaves[c] for c in columns]
            return [RowsOf(cols, [kinds[c.dtype] if n else None for c, n in zip(cols, numbers, strict=True)], item)]
        case Shared(_, value):
            return rebuild(value, leaves)


def stores(value: Any, traced: Callable[[torch.Tensor], torch.Tensor]) -> set[Store]:
    """The memory of all tensors in a value; `traced` gives what stands for a tensor of the outside."""
    found: set[Store] = set()
    todo, seen = [value], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, torch.Tensor):
            found.add(handle(traced(part)).store)
        elif isinstance(part, Union):
            todo += [part.then, part.orelse]
        elif isinstance(part, list | tuple):
            todo += part
        elif isinstance(part, dict):
            todo += part.values()
        elif isinstance(part, RowsOf):
            todo += [c for c, kind in zip(part.columns, part.numbers, strict=True) if kind is None]
    return found
