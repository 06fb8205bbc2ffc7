"""Constants, types and result layouts as standalone Python source."""

from __future__ import annotations

import builtins
import dataclasses
import enum
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import torch

from diptych.errors import PythonTextError
from diptych.graph.layout import Choice, Constant, Layout, Leaf, Mapping_, Object_, Rows, Sequence_, Shared


@dataclass
class Types:
    """Names for types in a standalone module: built-in, imported from where they live, or defined alike.

    A type of the user that can be imported is imported, so that results and exceptions are the very same types; one
    that cannot (it is local to a function, or lives in a script) gets a definition of the same name and fields.
    """

    imports: set[str] = field(default_factory=set)
    definitions: dict[str, str] = field(default_factory=dict)
    _names: dict[type, str] = field(default_factory=dict)

    def name(self, kind: type, fields: tuple[str, ...] = ()) -> str:
        """An expression for `kind`; `fields` are the attributes an instance needs if it has to be defined."""
        if kind not in self._names:
            self._names[kind] = self._find(kind, fields)
        return self._names[kind]

    def importable(self, kind: type) -> str:
        """An expression for a type whose code matters: it is imported, never defined alike."""
        name = self.name(kind)
        if name in self.definitions:
            raise PythonTextError(
                f"cannot write the code of {kind.__qualname__}",
                f"{kind.__module__}.{kind.__qualname__}",
                "it is not at the top level of a module that a standalone program could import",
                "move it there",
            )
        return name

    def _find(self, kind: type, fields: tuple[str, ...]) -> str:
        module, name = kind.__module__, kind.__qualname__
        if getattr(builtins, name, None) is kind:
            return name
        if module.split(".")[0] == "torch":
            for path in (f"torch.{name}", f"{module}.{name}"):
                if _reach(path) is kind:
                    return path
        found = sys.modules.get(module)
        if module != "__main__" and "." not in name and getattr(found, name, None) is kind:
            self.imports.add(f"from {module} import {name}")
            return name
        return self._define(kind, fields)

    def _define(self, kind: type, fields: tuple[str, ...]) -> str:
        name = kind.__name__
        if name in self.definitions:
            raise PythonTextError(
                f"two local types are called {name}",
                f"{kind.__module__}.{kind.__qualname__}",
                "the program would need two definitions of one name",
                "define them at the top level of a module",
            )
        self.definitions[name] = self._definition(kind, fields)
        return name

    def _definition(self, kind: type, fields: tuple[str, ...]) -> str:
        name = kind.__name__
        if hasattr(kind, "_fields"):
            self.imports.add("from collections import namedtuple")
            return f"{name} = namedtuple({name!r}, {list(cast(Any, kind)._fields)!r})"
        if dataclasses.is_dataclass(kind):
            self.imports.add("from dataclasses import make_dataclass")
            return f"{name} = make_dataclass({name!r}, [{', '.join(f'({item!r}, object)' for item in fields)}])"
        if issubclass(kind, BaseException) and ("__init__" in vars(kind) or "__str__" in vars(kind)):
            raise PythonTextError(
                f"cannot write the code of the exception {name}",
                f"{kind.__module__}.{kind.__qualname__}",
                "it is local, and its own __init__ or __str__ makes its message",
                "define it at the top level of a module",
            )
        base = kind.__bases__[0]
        bases = "" if base is object else f"({self.name(base)})"
        return f"class {name}{bases}:\n    pass"

    def literal(self, value: object) -> str:
        """A constant as source; `PythonTextError` if it is not data."""
        match value:
            case float() if not math.isfinite(value):
                self.imports.add("import math")
                return {"inf": "math.inf", "-inf": "-math.inf", "nan": "math.nan"}[str(value)]
            case enum.Enum():
                return f"{self.name(type(value))}.{value.name}"
            case torch.Tensor():
                return tensor_literal(value, self)
            case torch.device():
                return f'"{value}"'
            case torch.dtype() | torch.layout() | torch.memory_format():
                return str(value)
            case str():
                return quoted(value)
            case None | bool() | int() | float() | complex() | bytes() | range() | slice():
                return repr(value)
            case type():
                return self.name(value)
            case torch.Size():
                return f"torch.Size({list(value)!r})"
            case tuple() | list() | set() | frozenset() | dict() if type(value) in _CONTAINERS:
                return self._container(cast(Any, value))
            case _:
                if value is ...:
                    return "..."
                raise PythonTextError(
                    f"cannot write a constant of type {type(value).__qualname__}: {value!r:.80}",
                    why="a standalone program holds data and operations only",
                    remedy="return tensors and plain containers, or keep such objects outside of the program",
                )

    def _container(self, value: Any) -> str:
        if isinstance(value, dict):
            pairs = cast(dict[object, object], value).items()
            return "{" + ", ".join(f"{self.literal(k)}: {self.literal(v)}" for k, v in pairs) + "}"
        texts = [self.literal(item) for item in value]
        return {
            tuple: lambda: tuple_text(texts),
            list: lambda: f"[{', '.join(texts)}]",
            set: lambda: f"{{{', '.join(sorted(texts))}}}" if texts else "set()",
            frozenset: lambda: f"frozenset({tuple_text(sorted(texts))})",
        }[_container_type(value)]()

    def layout(self, layout: Layout, output: Callable[[int], str]) -> str:
        """The expression that builds a result; `output(i)` is the expression of output `i`."""

        def inner(item: Layout) -> str:
            return self.layout(item, output)

        match layout:
            case Leaf(index):
                return output(index)
            case Constant(value):
                return self.literal(value)
            case Sequence_(make, items, setting):
                texts = [inner(item) for item in items]
                if make is tuple:
                    return tuple_text(texts)
                if make is list:
                    return f"[{', '.join(texts)}]"
                many = ", ".join(texts) if hasattr(make, "_fields") else tuple_text(texts)
                limit = "" if setting is None else f", {self.literal(setting)}"
                return f"{self.name(make)}({many}{limit})"
            case Mapping_(make, keys, items, setting):
                pairs = ", ".join(f"{self.literal(k)}: {inner(item)}" for k, item in zip(keys, items, strict=True))
                if make is dict:
                    return f"{{{pairs}}}"
                if issubclass(make, dict) and "default_factory" in dir(make):
                    return f"{self.name(make)}({self.literal(setting)}, {{{pairs}}})"
                return f"{self.name(make)}({{{pairs}}})"
            case Object_(make, names, items):
                return self._object(make, names, [inner(item) for item in items])
            case Choice(tag, then, orelse):
                return f"({inner(then)} if {output(tag)} else {inner(orelse)})"
            case Shared(_, value):
                raise PythonTextError(
                    f"cannot write one object that stands in several places: {inner(value):.80}",
                    why="an expression makes it anew in each of them",
                    remedy="return a copy of what is kept or returned elsewhere",
                )
            case Rows(columns, numbers, item):
                names = [f"column_{k}" for k in range(len(columns))]
                methods = ["tolist()" if number else "unbind(0)" for number in numbers]
                tables = [f"{output(c)}.{method}" for c, method in zip(columns, methods, strict=True)]
                row = self.layout(item, names.__getitem__)
                return f"[{row} for {tuple_text(names)[1:-1]} in zip({', '.join(tables)})]"

    def _object(self, make: type, names: tuple[str, ...], texts: list[str]) -> str:
        kind = self.name(make, names)
        self.definitions.setdefault("build", _BUILD)
        pairs = ", ".join(f"{name}={text}" for name, text in zip(names, texts, strict=True))
        return f"build({kind}{', ' if pairs else ''}{pairs})"


_BUILD = '''\
def build(kind, **attributes):
    """An instance of `kind` with these attributes, made without calling `__init__`."""
    made = kind.__new__(kind) if issubclass(kind, BaseException) else object.__new__(kind)
    for name, value in attributes.items():
        object.__setattr__(made, name, value)
    return made'''

_CONTAINERS = (tuple, list, set, frozenset, dict)


def _container_type(value: object) -> type:
    return next(kind for kind in _CONTAINERS if type(value) is kind)


def tensor_literal(tensor: torch.Tensor, types: Types) -> str:
    """A small tensor as an expression that makes it, exactly."""
    device = "" if tensor.device.type == "cpu" else f', device="{tensor.device}"'
    if tensor.numel() == 0:
        return f"torch.empty({list(tensor.shape)}, dtype={tensor.dtype}{device})"
    values = types.literal(tensor.detach().cpu().tolist())
    return f"torch.tensor({values}, dtype={tensor.dtype}{device})"


def tuple_text(texts: list[str]) -> str:
    """A tuple display: with the comma that a single item needs."""
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def quoted(text: str) -> str:
    """A string literal in double quotes where that needs no escape."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain.startswith("'") and '"' not in text else plain


def _reach(path: str) -> object:
    found: object = torch
    for part in path.split(".")[1:]:
        found = getattr(found, part, None)
    return found
