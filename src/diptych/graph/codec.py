"""Constants, specs and layouts as JSON and back. Only data is written: types and exceptions by name, tensors by key.

None, bool, int, str and lists stand for themselves; everything else is an object with one key, its tag.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import fx
from torch.fx.immutable_collections import immutable_dict, immutable_list

from diptych.errors import LoadError, SaveError
from diptych.graph.calling import Calling, Parameter
from diptych.graph.control import Hole
from diptych.graph.interface import Effect, Input
from diptych.graph.layout import Choice, Constant, Leaf, Mapping_, Object_, Rows, Sequence_, Shared
from diptych.graph.spec import AbsentSpec, NumberSpec, TensorSpec, Where

Json = Any

RECORDS: dict[str, tuple[type, tuple[str, ...]]] = {
    "leaf": (Leaf, ("index",)),
    "constant": (Constant, ("value",)),
    "sequence": (Sequence_, ("make", "items", "setting")),
    "mapping": (Mapping_, ("make", "keys", "items", "setting")),
    "object": (Object_, ("make", "names", "items")),
    "choice": (Choice, ("tag", "then", "orelse")),
    "shared": (Shared, ("number", "value")),
    "rows": (Rows, ("columns", "numbers", "item")),
    "tensor spec": (TensorSpec, ("dtype", "shape", "device")),
    "number": (NumberSpec, ("kind",)),
    "absent": (AbsentSpec, ()),
    "where": (Where, ("file", "line", "text", "function")),
    "input": (Input, ("name", "spec", "role", "path")),
    "effect": (Effect, ("kind", "path", "value")),
    "hole": (Hole, ("index",)),
    "parameter": (Parameter, ("name", "kind", "optional")),
    "calling": (Calling, ("parameters", "fixed")),
}
"""Tag -> a class of the graph floor and its fields."""

Plain = tuple[type, Callable[[Any], Json], Callable[[Any], Any]]
PLAIN: dict[str, Plain] = {
    "float": (float, repr, float),
    "complex": (complex, repr, complex),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "dtype": (torch.dtype, lambda d: str(d).removeprefix("torch."), lambda name: _torch_constant(name, torch.dtype)),
    "device": (torch.device, str, torch.device),
    "layout": (torch.layout, lambda d: str(d).removeprefix("torch."), lambda name: _torch_constant(name, torch.layout)),
    "memory format": (
        torch.memory_format,
        lambda d: str(d).removeprefix("torch."),
        lambda name: _torch_constant(name, torch.memory_format),
    ),
    "ellipsis": (type(Ellipsis), lambda _: None, lambda _: Ellipsis),
}
"""Tag -> a type of constants, how it is written, how it is read."""

COLLECTIONS: dict[str, type] = {"tuple": tuple, "set": set, "frozenset": frozenset, "size": torch.Size}
"""Tag -> a collection, written as the list of its items."""

_TENSOR_TYPES = (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer)


@dataclass
class Encoder:
    """Writes values; `tensors` collects the tensors among them, each once, under the key written instead."""

    names: dict[fx.Node, str] = field(default_factory=dict)
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    _kept: dict[int, tuple[str, object]] = field(default_factory=dict)

    def value(self, value: object) -> Json:
        """The JSON of a constant, spec, layout, node reference, or structure of these."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) in (list, immutable_list):
            return [self.value(item) for item in cast(list[object], value)]
        if isinstance(value, fx.Node):
            return {"node": self.names[value]}
        if isinstance(value, torch.Tensor):
            return {"tensor": self.tensor(value)}
        if isinstance(value, type):
            return {"type": qualified_name(value)}
        if type(value) in (dict, immutable_dict):
            return {"dict": [[self.value(k), self.value(v)] for k, v in cast(dict[object, object], value).items()]}
        if isinstance(value, slice | range):
            return {type(value).__name__: [self.value(v) for v in (value.start, value.stop, value.step)]}
        for tag, (kind, names) in RECORDS.items():
            if type(value) is kind:
                return {tag: [self.value(getattr(value, name)) for name in names]}
        for tag, (kind, write, _) in PLAIN.items():
            if type(value) is kind:
                return {tag: write(value)}
        for tag, kind in COLLECTIONS.items():
            if type(value) is kind:
                items = [self.value(item) for item in cast(Any, value)]
                return {tag: sorted(items, key=json.dumps) if kind in (set, frozenset) else items}
        raise SaveError(
            f"cannot save a constant of type {type(value).__qualname__}: {value!r:.80}",
            why="a saved graph holds data only: numbers, strings, containers, tensors, dtypes and types by name",
            remedy="return tensors and plain containers, or keep such objects outside of the program",
        )

    def tensor(self, tensor: torch.Tensor) -> str:
        """The key of a tensor; the same tensor gets the same key."""
        if id(tensor) not in self._kept:
            if type(tensor) not in _TENSOR_TYPES:
                raise SaveError(
                    f"cannot save a {type(tensor).__qualname__}",
                    why="only plain tensors, parameters and buffers can be read back without running code",
                    remedy="convert it to a plain torch.Tensor first",
                )
            key = f"tensor {len(self.tensors)}"
            self.tensors[key] = tensor if tensor.is_leaf else tensor.detach()
            self._kept[id(tensor)] = key, tensor
        return self._kept[id(tensor)][0]


@dataclass
class Decoder:
    """Reads what an `Encoder` wrote."""

    tensors: dict[str, torch.Tensor]
    nodes: dict[str, fx.Node] = field(default_factory=dict)

    def value(self, written: Json) -> Any:
        """The value that was written."""
        if isinstance(written, list):
            return [self.value(item) for item in cast(list[Json], written)]
        if not isinstance(written, dict):
            return written
        ((tag, content),) = cast(dict[str, Json], written).items()
        if tag == "node":
            return self.nodes[content]
        if tag == "tensor":
            return self.tensors[content]
        if tag == "type":
            return find_type(content)
        if tag == "dict":
            return {self.value(key): self.value(item) for key, item in content}
        if tag in ("slice", "range"):
            return {"slice": slice, "range": range}[tag](*map(self.value, content))
        if tag in RECORDS:
            return RECORDS[tag][0](*map(self.value, content))
        if tag in PLAIN:
            return PLAIN[tag][2](content)
        return COLLECTIONS[tag](self.value(content))


def qualified_name(kind: type) -> str:
    """`module:name` of a type that can be imported by it; `SaveError` for any other."""
    name = f"{kind.__module__}:{kind.__qualname__}"
    if kind.__module__ == "__main__" or _lookup(name) is not kind:
        raise SaveError(
            f"cannot save the type {kind.__qualname__}",
            name,
            "a saved graph names types, and this one cannot be imported by its name",
            "define it at the top level of a module that can be imported",
        )
    return name


def find_type(name: str) -> type:
    """The type of that `module:name`; `LoadError` if it cannot be imported."""
    found = _lookup(name)
    if not isinstance(found, type):
        raise LoadError(
            f"the graph uses the type {name}, which cannot be imported here",
            name,
            "types of results and exceptions are saved by name",
            "make the module that defines it importable",
        )
    return found


def _lookup(name: str) -> object:
    module, _, path = name.partition(":")
    try:
        found: object = sys.modules.get(module) or importlib.import_module(module)
    except ImportError:
        return None
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def _torch_constant(name: str, kind: type) -> Any:
    found = getattr(torch, name, None)
    if not isinstance(found, kind):
        raise LoadError(f"this version of torch has no {kind.__name__} {name}")
    return found
