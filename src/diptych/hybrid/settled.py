"""What cannot be anything else than it was, as long as nobody writes to certain tables.

A module's attributes are entries of its table, and that table is watched as a whole; so the value of an attribute is
settled if the module is, and the facts about a settled value that never changes need no check of their own.
"""

from __future__ import annotations

import types
from collections import OrderedDict
from typing import Any

import torch

from diptych.capture.guards import Equal, Keys, Lacks, Length, OfType, Same
from diptych.capture.sources import Attribute, Constantly, Item, Source, read_function
from diptych.hybrid.native import Watch

TABLES = ("_parameters", "_buffers", "_modules")
MODULE_TABLES = frozenset(name for name, value in vars(torch.nn.Module()).items() if isinstance(value, dict))
IMMUTABLE = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, torch.Size, range, slice)
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)


class Settled:
    """Which sources are settled; `seen` are the values that they had when the guards last held.

    Attributes:
        module: the program, if sources are settled only as long as it is this module.
        empty: tables that have to be empty.
    """

    def __init__(self, seen: dict[int, Any], watch: Watch) -> None:
        self.seen = seen
        self.watch = watch
        self.settled: set[int] = set()
        self.loose: set[int] = set()
        self.compared: set[int] = set()
        self.module: torch.nn.Module | None = None
        self.empty: list[dict[Any, Any]] = []

    def compare(self, source: Source) -> None:
        """The function compares the value at a source with the one seen, by identity."""
        self.compared.add(id(source))
        self.settled.add(id(source))

    def is_settled(self, source: Source) -> bool:
        """Whether the value at a source can only be what it was, as long as nothing watched has changed."""
        if id(source) in self.settled:
            return True
        if id(source) in self.loose:
            return False
        if self.settle(source):
            self.settled.add(id(source))
            return True
        self.loose.add(id(source))
        return False

    def settle(self, source: Source) -> bool:
        """The same, when it is asked for the first time: watches what has to be watched."""
        value, parent = self.seen[id(source)], source.parent
        if parent is None:
            if isinstance(source.read, Constantly):
                return True
            if source.read is read_function and isinstance(value, torch.nn.Module):
                self.module = value
                return True
            return False
        if not self.is_settled(parent):
            return False
        step, owner = source.read, self.seen[id(parent)]
        if isinstance(step, Attribute):
            own = self.own(parent)
            if own is None:
                return False
            table = stored_in(own, step.name)
            return (table is own or self.watch.table(table)) and table.get(step.name, self) is value
        if isinstance(step, Item) and type(step.key) in (str, int):
            may_watch = type(owner) in (dict, OrderedDict) and self.may_be_held(parent)
            return may_watch and self.watch.table(owner) and owner.get(step.key, self) is value
        return False

    def own(self, source: Source) -> dict[str, Any] | None:
        """The table of an object's attributes, if the object is settled and its table watched."""
        if not self.is_settled(source) or not self.may_be_held(source):
            return None
        return self.watch.object(self.seen[id(source)])

    def may_be_held(self, source: Source) -> bool:
        """Whether the function may keep the value alive: it never changes, or is kept by its guard or owner anyway."""
        value = self.seen[id(source)]
        if id(source) in self.compared:
            return True
        if constant(value) or isinstance(value, (torch.nn.Module, types.ModuleType, type, *FUNCTIONS)):
            return True
        step, parent = source.read, source.parent
        if parent is None:
            return False
        if isinstance(step, Item):  # a parameter or buffer in a module's table
            return isinstance(value, torch.Tensor) and isinstance(parent.read, Attribute) and self.may_be_held(parent)
        owner = self.seen[id(parent)]
        if not isinstance(owner, torch.nn.Module) or not isinstance(step, Attribute):
            return False
        if isinstance(value, torch.Tensor):
            return step.name in owner._parameters or step.name in owner._buffers
        return step.name in MODULE_TABLES

    def implied(self, source: Source, check: Any, seen: Any) -> bool:
        """Whether a fact holds because of what is watched."""
        if not self.is_settled(source):
            return False
        match check:
            case Equal() | Length():
                return constant(seen)
            case Same(value=value):
                return value is seen and (isinstance(seen, FUNCTIONS) or self.own(source) is not None)
            case OfType():
                return constant(seen) or self.own(source) is not None
            case Keys() if type(seen) in (dict, OrderedDict) and self.may_be_held(source):
                if not seen:
                    self.empty.append(seen)
                return not seen or self.watch.table(seen)
            case Lacks(name=name) if hasattr(type(seen), name):
                own = self.own(source)
                return own is not None and name not in own
            case _:
                return False


def stored_in(own: dict[str, Any], name: str) -> dict[str, Any]:
    """The table that has an attribute: a module's parameters, buffers or submodules, or its own."""
    for inner in TABLES:
        found = own.get(inner)
        if isinstance(found, dict) and name in found:
            return found
    return own


def constant(value: Any) -> bool:
    """Whether a value never changes."""
    return type(value) in IMMUTABLE or (type(value) is tuple and all(type(item) in IMMUTABLE for item in value))
