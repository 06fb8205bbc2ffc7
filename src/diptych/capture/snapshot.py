"""A snapshot of the numbers and sizes that a program can reach, to be compared with a later call.

Arguments, the object of a method, globals and cells that the program's functions mention, and what stands in their
attributes and items. What differs at the next call is likely to differ again: it is left open when that call is
captured. A snapshot holds no object of the user, and it may be incomplete: what it lacks is taken to be constant, until
a guard finds it changed.
"""

from __future__ import annotations

import collections
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from diptych.capture.convert import NATIVE_PREFIXES, convertible
from diptych.capture.guards import Guard, TensorFacts
from diptych.capture.program import Roots
from diptych.capture.sources import (
    Argument,
    Attribute,
    CellSource,
    ClassEntry,
    Constantly,
    GlobalSource,
    Item,
    Source,
    read_function,
    read_self,
)
from diptych.capture.trail import MISSING

LIMIT = 20_000
"""How many objects are looked at."""
NUMBERS = (int, float)
PLAIN = {bool, str, bytes, type(None), torch.dtype, torch.device, types.BuiltinFunctionType}
BUILT_IN = {list, tuple, dict, set, frozenset, collections.OrderedDict}
TENSORS = (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer)
SEQUENCES: tuple[Any, ...] = (list, tuple, collections.deque)
KEYS = (str, int, float, bool, tuple)
MODULE_TABLES = ("_parameters", "_buffers", "_modules")
INTERNALS = frozenset(vars(torch.nn.Module())) - {*MODULE_TABLES}
"""What modules keep for torch itself."""


@dataclass
class Size:
    """What is kept of a tensor."""

    dtype: torch.dtype
    shape: tuple[int, ...]


@dataclass
class Shadow:
    """What is kept of an object: its attributes or items, by name, key or position."""

    parts: dict[Any, Any] = field(default_factory=dict)

    def attribute(self, name: str) -> Any:
        """An attribute, also one that a module keeps in a table."""
        tables = (self.parts.get(table) for table in MODULE_TABLES)
        found = [t.parts[name] for t in tables if isinstance(t, Shadow) and name in t.parts]
        return found[0] if found else self.parts.get(name, MISSING)


class Snapshot:
    """The numbers and sizes within reach of a call."""

    def __init__(self, roots: Roots) -> None:
        self.shadows: dict[int, Shadow] = {}
        self.globals: dict[tuple[int, str], Any] = {}
        self.cells: dict[int, Any] = {}
        self.queue: collections.deque[tuple[Any, Shadow]] = collections.deque()
        alive: list[Any] = []
        self.arguments = {name: self.shadow(value) for name, value in roots.arguments.items()}
        self.function = self.shadow(roots.function)
        self.owner = self.shadow(getattr(roots.function, "__self__", None))
        while self.queue and len(alive) < LIMIT:
            value, shadow = self.queue.popleft()
            alive.append(value)  # so that no other object has its id while this one is looked at
            for key, part in self.parts(value):
                shadow.parts[key] = self.shadow(part)
        self.queue.clear()

    def shadow(self, value: Any) -> Any:
        """What is kept of a value; its parts follow later."""
        kind = type(value)
        if kind in NUMBERS:
            return value
        if kind in PLAIN or (kind in BUILT_IN and not value):
            return MISSING
        if isinstance(value, torch.Tensor):
            return Size(value.dtype, tuple(value.shape)) if kind in TENSORS else MISSING
        if not reached(value):
            return MISSING
        known = self.shadows.get(id(value))
        if known is None:
            known = self.shadows[id(value)] = Shadow()
            self.queue.append((value, known))
        return known

    def parts(self, value: Any) -> Iterator[tuple[Any, Any]]:
        """The attributes or items of an object; of a function, what it mentions is looked at as well."""
        if isinstance(value, types.MethodType):
            self.shadow(value.__self__)
            value = value.__func__
        if isinstance(value, types.FunctionType):
            self.mentioned(value)
        base = next((base for base in SEQUENCES if isinstance(value, base)), None)
        if base is not None:  # as it is, whatever a class of the user makes of it
            yield from enumerate(list(base.__iter__(value)))
        elif isinstance(value, dict):
            yield from [(key, part) for key, part in dict.items(value) if isinstance(key, KEYS)]
        else:
            own = getattr(value, "__dict__", {})
            yield from [(name, part) for name, part in own.items() if name not in INTERNALS]
            if not isinstance(value, type | types.FunctionType | types.ModuleType):
                self.shadow(type(value))
                forward = getattr(type(value), "forward", None)
                if isinstance(value, torch.nn.Module) and isinstance(forward, types.FunctionType):
                    self.shadow(forward)

    def mentioned(self, f: Any) -> None:
        """The globals and cells that a function mentions."""
        table = f.__globals__
        for name in f.__code__.co_names:
            if name in table:
                self.globals[id(table), name] = self.shadow(table[name])
        for cell in f.__closure__ or ():
            try:
                self.cells[id(cell)] = self.shadow(cell.cell_contents)
            except ValueError:  # nothing in it yet
                continue

    def at(self, source: Source) -> Any:
        """What stood at a source; MISSING if that was not looked at."""
        read: Any = source.read
        if source.parent is not None:
            base = self.at(source.parent)
            if not isinstance(base, Shadow):
                return MISSING
            if isinstance(read, Attribute):
                return base.attribute(read.name)
            return base.parts.get(read.key, MISSING) if isinstance(read, Item) and hashable(read.key) else MISSING
        match read:
            case Argument(name):
                return self.arguments.get(name, MISSING)
            case GlobalSource():
                return self.globals.get((id(read.table), read.name), MISSING)
            case CellSource():
                return self.cells.get(id(read.cell), MISSING)
            case Constantly(value):
                return self.shadows.get(id(value), MISSING)
            case ClassEntry(kind, name):
                found = self.shadows.get(id(kind))
                return found.parts.get(name, MISSING) if found is not None else MISSING
            case _:
                return self.owner if read is read_self else self.function if read is read_function else MISSING

    def differences(self, guards: list[Guard]) -> dict[str, Any]:
        """What a graph takes to be constant and was something else then, as it is left open in a capture."""
        vary: dict[str, Any] = {}
        for guard in guards:
            now = guard.constant
            if type(now) in NUMBERS:
                was = self.at(guard.source)
                if type(was) is type(now) and was != now:
                    vary[guard.source.path] = "number"
            elif isinstance(now, TensorFacts):
                was = self.at(guard.source)
                if isinstance(was, Size) and was.dtype == now.dtype and len(was.shape) == len(now.shape):
                    dims = tuple(d for d, (a, b) in enumerate(zip(was.shape, now.shape, strict=True)) if a != b)
                    if dims:
                        vary[guard.source.path] = dims
        return vary


def reached(value: Any) -> bool:
    """Whether an object is looked into: containers, what is of the user, optimizers, modules but for torch's layers."""
    if isinstance(value, torch.nn.Module):
        return bool(value.__dict__.get("_modules")) or not type(value).__module__.startswith("torch.nn")
    if isinstance(value, list | tuple | dict | collections.deque | torch.optim.Optimizer):
        return True
    if isinstance(value, types.FunctionType):
        return convertible(value)
    if isinstance(value, types.MethodType):
        return isinstance(value.__func__, types.FunctionType) and convertible(value.__func__)
    if isinstance(value, types.ModuleType):
        return not foreign(value.__name__)
    kind = value if isinstance(value, type) else type(value)
    scheduler = issubclass(kind, torch.optim.lr_scheduler.LRScheduler)
    return scheduler or (hasattr(kind, "__dict__") and not foreign(kind.__module__))


def foreign(module: str) -> bool:
    """Whether a module of Python is a library whose objects hold nothing of the user's."""
    top = str(module).split(".", 1)[0]
    return (top in sys.stdlib_module_names and top != "__main__") or top in NATIVE_PREFIXES or top == "diptych"


def hashable(key: Any) -> bool:
    """Whether a key can be looked up."""
    return isinstance(key, KEYS)
