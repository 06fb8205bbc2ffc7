"""Names, attributes and items: reads of the outside are guarded, writes are noted, unions and rows taken apart."""

from __future__ import annotations

import builtins
import collections
import enum
import functools
import operator
import types
from collections.abc import Callable
from typing import Any, cast

import torch

from diptych.capture.convert import convertible, is_converted
from diptych.capture.guards import Guard, SameAs
from diptych.capture.interpreter import AUGMENTED, BINARY, COMPARE
from diptych.capture.sources import CellSource, Constantly, GlobalSource, Source
from diptych.capture.staging.forms import Forms, RowsForm
from diptych.capture.staging.joins import same_type
from diptych.capture.staging.looping import Looping
from diptych.capture.staging.outside import World
from diptych.capture.staging.packing import mixed_contents as mixed_of
from diptych.capture.staging.packing import mixture as _marker
from diptych.capture.staging.packing import rebuild
from diptych.capture.staging.rows import RowsOf, number_tensor, row, rows_of
from diptych.capture.tensors import handle, has_handle, kin
from diptych.capture.trail import MISSING, AttributePlace, CellPlace, ContentsPlace, GlobalPlace
from diptych.capture.values import COMPARISONS as OPERATORS
from diptych.capture.values import Original, Scalar, Undefined, Union, kind_of


class Access(Looping):
    """Reads and writes."""

    world: World

    # Names ------------------------------------------------------------------------------------------------------

    def load_global(self, table: dict[str, Any], name: str) -> Any:
        """A global: guarded, unless it is a built-in or a module."""
        if name not in table:
            return super().load_global(table, name)
        value = table[name]
        if isinstance(value, Original | Union):
            return looked_at(value)
        if isinstance(value, types.ModuleType | type):
            return value
        key = (id(table), name)
        if key in self.world.reads:
            known = self.world.reads[key]
            return known[1] if known[0] is value else value
        if self.fresh(value):
            return value
        entered = self.world.enter(value, Source(name, None, GlobalSource(table, name)))
        self.world.reads[key] = (value, entered)
        if entered is not value:
            self.world.stand_for(GlobalPlace(table, name), value, entered)
        return entered

    def fresh(self, value: Any) -> bool:
        """Whether a value was made by the trace itself."""
        if isinstance(value, torch.Tensor):
            return has_handle(value)
        return isinstance(value, Scalar | Union | Original) or id(value) in self.made_here

    def set_global(self, table: dict[str, Any], name: str, value: Any) -> None:
        """Assign a global: an effect."""
        if name in table and (id(table), name) not in self.world.reads and not self.fresh(table[name]):
            before = table[name]
            source = Source(name, None, GlobalSource(table, name))
            if not isinstance(before, Original | types.ModuleType):
                self.set_aside(GlobalPlace(table, name), before, lambda: self.world.enter(before, source))
        self.tape.trail.write(GlobalPlace(table, name), value)

    def load_cell(self, reader: Any, name: str) -> Any:
        """A variable of a function outside the trace: guarded."""
        cell = reader.__closure__[0]
        value = reader()
        if isinstance(value, Original | Union):
            return looked_at(value)
        key = (id(cell), "cell")
        if key in self.world.reads:
            known = self.world.reads[key]
            return known[1] if known[0] is value else value
        if self.fresh(value) or isinstance(value, types.ModuleType):
            return value
        entered = self.world.enter(value, Source(name, None, CellSource(cell)))
        self.world.reads[key] = (value, entered)
        if entered is not value:
            self.world.stand_for(CellPlace(cell, name), value, entered)
        return entered

    def touch(self, reader: Any) -> None:
        """A variable of an outer function is about to be written."""
        code, cells = reader.__code__, reader.__closure__
        place = CellPlace(cells[0], code.co_freevars[0])
        before = place.get()
        if (
            id(cells[0]) in self.outside_cells
            and before is not MISSING
            and (id(cells[0]), "cell") not in self.world.reads
        ):
            source = Source(place.name, None, CellSource(cells[0]))
            if not self.fresh(before) and not isinstance(before, Original):
                self.set_aside(place, before, lambda: self.world.enter(before, source))
        self.tape.trail.touch(CellPlace(cells[0], code.co_freevars[0]))

    def put(self, frame: Any, name: str, value: Any) -> Any:
        """`(name := value)`."""
        self.tape.trail.write(frame[name], value)
        return value

    # Attributes -------------------------------------------------------------------------------------------------

    def getattr(self, owner: Any, name: str, *default: Any) -> Any:
        """`owner.name`; properties and `__getattr__` of the user's classes are transformed."""
        owner = self.resolve(owner)
        if isinstance(owner, Union):
            return self.distribute(lambda o: self.getattr(o, name, *default), owner)
        if isinstance(owner, Scalar):
            return self.scalar_attribute(owner, name, *default)
        if isinstance(owner, torch.Tensor | types.ModuleType):
            if isinstance(owner, types.ModuleType):
                return self.module_attribute(owner, name, *default)
            return getattr(owner, name, *default)
        return self.object_attribute(owner, name, *default)

    def module_attribute(self, owner: types.ModuleType, name: str, *default: Any) -> Any:
        """A name of an imported module; plain data in it is guarded like a global."""
        value = getattr(owner, name, *default)
        if isinstance(value, int | float | str | list | dict | torch.Tensor) and name in vars(owner):
            top = owner.__name__.split(".", 1)[0]
            if top not in ("torch", "math", "numpy", "sys", "string"):
                return self.load_global(vars(owner), name)
        return value

    def scalar_attribute(self, owner: Scalar, name: str, *default: Any) -> Any:
        if name == "is_integer" and owner.kind == "float":
            return owner.is_integer
        if name == "real":
            return owner
        if hasattr({"int": 0, "float": 0.0, "bool": False, "str": ""}.get(owner.kind), name):
            raise self.tape.refuse("opaque-conversion", f"{owner.kind}.{name}")
        return getattr(object.__new__(KINDS_OF[owner.kind]), name, *default)

    def object_attribute(self, owner: Any, name: str, *default: Any) -> Any:
        """An attribute of an object: its own data, a property, a method, or what `__getattr__` gives."""
        stored = (
            AttributePlace(owner, name).get() if hasattr(owner, "__dict__") and not isinstance(owner, type) else MISSING
        )
        found = class_attribute(type(owner), name)
        if isinstance(found, property) and found.fget is not None and self.transforms(found.fget):
            self.rely_on_class(owner, name, found)
            return self.call(found.fget, owner)
        if isinstance(found, functools.cached_property) and stored is MISSING and self.transforms(found.func):
            value = self.call(found.func, owner)
            self.setattr(owner, name, value)
            return value
        if isinstance(stored, Union) and has_undefined(stored):
            raise self.tape.refuse("structure-in-branch", f"{name} is an attribute on some paths only")
        if isinstance(stored, Original | Union):
            return looked_at(stored)
        if stored is not MISSING and not is_data_descriptor(found):
            return self.read(owner, name, stored)
        if found is MISSING and hasattr(type(owner), "__getattr__"):
            hook = class_attribute(type(owner), "__getattr__")
            if self.transforms(hook) and hook is not torch.nn.Module.__getattr__:
                return self.with_default(lambda: self.call(hook, owner, name), default)
        try:
            value = getattr(owner, name)
        except AttributeError:
            if self.outside(owner):
                self.world.missing(owner, name)
            if default:
                return default[0]
            raise
        if isinstance(value, types.BuiltinMethodType) and getattr(value, "__self__", None) is owner:
            return value
        if isinstance(owner, type):
            return self.read(owner, name, value) if name in vars(owner) and not callable(value) else value
        if isinstance(found, types.FunctionType | classmethod | staticmethod) or isinstance(value, types.MethodType):
            self.rely_on_class(owner, name, found)
            return value
        return self.read(owner, name, value) if self.outside(owner) else value

    def rely_on_class(self, owner: Any, name: str, found: Any) -> None:
        """A method or property of a user's class: it could be replaced."""
        function = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
        if self.outside(owner) and convertible(function) and "/torch/" not in function.__code__.co_filename:
            self.world.class_function(owner, name, found)

    def with_default(self, get: Any, default: tuple[Any, ...]) -> Any:
        try:
            return get()
        except AttributeError:
            if default:
                return default[0]
            raise

    def read(self, owner: Any, name: str, value: Any) -> Any:
        """Data of an object; guarded if the object is an outside one that the trace has not written."""
        if isinstance(value, types.FunctionType) and is_converted(value):
            return value
        if not self.outside(owner) or self.fresh(value):
            return value
        if ("attribute", id(owner), name) in self.written:
            return value
        if isinstance(owner, type):
            base = self.world.sources.get(id(owner))
            if base is None:
                self.world.register(owner, Source(owner.__name__, None, Constantly(owner)))
        return self.world.attribute(owner, name, value)

    def setattr(self, owner: Any, name: str, value: Any) -> None:
        """`owner.name = value`: noted, and undone after the trace; an effect if the object is an outside one."""
        owner = self.resolve(owner)
        if isinstance(owner, Union):
            self.distribute(lambda o: self.setattr(o, name, value), owner)
            return
        if isinstance(owner, torch.Tensor):
            setattr(owner, name, value)
            return
        found = class_attribute(type(owner), name)
        if isinstance(found, property) and found.fset is not None and self.transforms(found.fset):
            self.call(found.fset, owner, value)
            return
        hook = class_attribute(type(owner), "__setattr__")
        if self.transforms(hook) and not isinstance(owner, torch.nn.Module):
            self.call(hook, owner, name, value)
            return
        own_hook = convertible(hook) and hook.__module__ != "torch.nn.modules.module"
        if isinstance(owner, torch.nn.Module) and own_hook and not hook.__qualname__.startswith("Stager."):
            self.call(hook, owner, name, value)
            return
        if isinstance(owner, types.ModuleType):
            self.set_global(vars(owner), name, value)
            return
        place = AttributePlace(owner, name)
        if self.outside(owner):
            before = place.get()
            known = (id(owner), name) in self.world.reads
            if before is not MISSING and not known and place.key not in self.written and not self.fresh(before):
                self.set_aside(place, before, lambda: self.read_before(owner, name, before))
            self.written.add(place.key)
        self.tape.trail.touch(place)
        if isinstance(owner, torch.nn.Module):
            self.set_module_attribute(owner, name, value)
        elif isinstance(owner, type) or not hasattr(owner, "__dict__") or is_data_descriptor(found):
            setattr(owner, name, value)
        else:
            if getattr(type(owner), "__setattr__", object.__setattr__) is not object.__setattr__:
                setattr(owner, name, value)
            else:
                object.__setattr__(owner, name, value)

    def set_aside(self, place: Any, before: Any, enter: Any) -> None:
        """A place outside is written before it was read: what it held matters only if it is read later."""
        if place.key not in self.world.baseline:
            self.world.stand_for(place, before, Original(enter))

    def read_before(self, owner: Any, name: str, before: Any) -> Any:
        """What an attribute held before it was written."""
        key = ("attribute", id(owner), name)
        self.written.discard(key)
        try:
            return self.read(owner, name, before)
        finally:
            self.written.add(key)

    def set_module_attribute(self, owner: torch.nn.Module, name: str, value: Any) -> None:
        """As `nn.Module.__setattr__`, which knows parameters, buffers and submodules."""
        if name in owner._parameters and isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
            kind = torch.typename(torch.Tensor())
            raise TypeError(f"cannot assign '{kind}' as parameter '{name}' (torch.nn.Parameter or None expected)")
        if name in owner._buffers:
            owner._buffers[name] = value
        elif isinstance(value, torch.nn.Parameter | torch.nn.Module):
            torch.nn.Module.__setattr__(owner, name, value)
        else:
            owner.__dict__[name] = value

    def delattr(self, owner: Any, name: str) -> None:
        """`del owner.name`."""
        self.tape.trail.touch(AttributePlace(owner, name))
        self.written.add(("attribute", id(owner), name))
        delattr(owner, name)

    def transforms(self, function: Any) -> bool:
        """Whether a function of the user's class is run transformed."""
        return convertible(function) or is_converted(function)

    # Items ------------------------------------------------------------------------------------------------------

    def getitem(self, owner: Any, key: Any) -> Any:
        """`owner[key]`."""
        owner, key = self.resolve(owner), self.resolve(key)
        if isinstance(owner, Union) or isinstance(key, Union):
            return self.distribute(self.getitem, owner, key)
        if isinstance(owner, torch.Tensor):
            return self.tensor_item(owner, key)
        marker = rows_of(owner)
        if marker is not None:
            return self.rows_item(marker, key)
        mixed = mixed_of(owner)
        if mixed is not None:
            return self.through_mixed(owner, lambda: self.getitem(owner, key))
        key = self.tape.as_scalar(key)
        if isinstance(key, torch.Tensor) and not isinstance(owner, dict):
            key = self.to_int(key)
        if isinstance(key, Scalar):
            if isinstance(owner, list | tuple | torch.nn.ModuleList | torch.nn.Sequential | torch.nn.ParameterList):
                return self.pick(list(self.sequence(owner)), key)
            if isinstance(owner, dict | torch.nn.ModuleDict):
                return self.pick_key(owner, key)
            if isinstance(owner, range):
                return owner.start + key * owner.step
        if isinstance(owner, collections.defaultdict) and key not in owner:
            self.tape.trail.touch(ContentsPlace(owner))  # reading makes the entry
        kind: Any = type(owner)
        if isinstance(owner, torch.nn.Module):
            return self.call(kind.__getitem__, owner, key)
        if issubclass(kind, dict | list | tuple | str | bytes | range | collections.deque | torch.Size | type):
            return owner[key]
        method = class_attribute(type(owner), "__getitem__")
        return self.call(method, owner, key) if self.transforms(method) else owner[key]

    def sequence(self, owner: Any) -> Any:
        """A module list's modules, read through its source."""
        if isinstance(owner, torch.nn.Module):
            kind: Any = type(owner)
            return [self.call(kind.__getitem__, owner, i) for i in range(len(cast(Any, owner)))]
        return owner

    def tensor_item(self, owner: torch.Tensor, key: Any) -> Any:
        """Indexing a tensor; numbers of the graph are indices of torch's own kind."""
        keys = [self.index_number(k) for k in (key if isinstance(key, tuple) else (key,))]
        if not any(isinstance(k, Scalar) for k in keys):
            return owner[self.arguments(tuple(keys) if isinstance(key, tuple) else keys[0])]
        return self.select_items(owner, keys)

    def index_number(self, key: Any) -> Any:
        """A part of an index: integer tensors without dimensions are numbers, as in eager indexing."""
        key = self.tape.as_scalar(self.resolve(key))
        if isinstance(key, torch.Tensor) and key.dim() == 0 and not key.is_floating_point() and key.dtype != torch.bool:
            return self.to_int(key)
        return key

    def select_items(self, owner: torch.Tensor, keys: list[Any]) -> torch.Tensor:
        """Basic indexing with numbers of the graph among the parts: one dimension at a time."""
        if any(isinstance(k, torch.Tensor | list) for k in keys):
            raise self.tape.refuse("opaque-conversion", "an index that mixes tensors with numbers of the graph")
        used = sum(k is not None and k is not Ellipsis for k in keys)
        if Ellipsis in [k for k in keys if not isinstance(k, Scalar)]:
            at = next(i for i, k in enumerate(keys) if k is Ellipsis)
            keys = [*keys[:at], *[slice(None)] * (owner.dim() - used), *keys[at + 1 :]]
        dim = 0
        for key in keys:
            if isinstance(key, Scalar) and key.kind == "int":
                owner = torch.select(owner, dim, self.tape.argument(key))
            elif key is None:
                owner, dim = owner.unsqueeze(dim), dim + 1
            elif isinstance(key, slice):
                rest = (slice(None),) * dim
                owner = owner if key == slice(None) else owner[(*rest, self.arguments(key))]
                dim += 1
            elif isinstance(key, int) and not isinstance(key, bool):
                owner = torch.select(owner, dim, key)
            else:
                raise self.tape.refuse("opaque-conversion", f"an index with {key!r} and numbers of the graph")
        return owner

    def index_tensor(self, key: Scalar) -> torch.Tensor:
        """A number as a 0-d tensor."""
        return number_tensor(self.tape, (key,), torch.int64)[0]

    def setitem(self, owner: Any, key: Any, value: Any) -> None:
        """`owner[key] = value`."""
        owner, key = self.resolve(owner), self.resolve(key)
        if (
            isinstance(owner, Union)
            or (isinstance(key, Union))
            or (isinstance(owner, torch.Tensor) and isinstance(value, Union))
        ):
            self.distribute(self.setitem, owner, key, value)
            return
        if isinstance(owner, torch.Tensor):
            value = self.tape.as_scalar(value)
            value = self.tape.argument(value) if isinstance(value, Scalar) else value
            keys = [self.index_number(k) for k in (key if isinstance(key, tuple) else (key,))]
            if any(isinstance(k, Scalar) for k in keys):
                self.select_items(owner, keys)[...] = value
            else:
                owner[self.arguments(tuple(keys) if isinstance(key, tuple) else keys[0])] = value
            return
        if mixed_of(owner) is not None:
            self.through_mixed(owner, lambda: self.setitem(owner, key, value))
            return
        key = self.tape.as_scalar(key)
        if isinstance(key, torch.Tensor) and isinstance(owner, list):
            key = self.to_int(key)
        if isinstance(key, Scalar):
            self.set_at(owner, key, value)
            return
        if isinstance(owner, list | dict | collections.deque):
            marker = rows_of(owner)
            if marker is not None:
                raise self.tape.refuse("loop-state", "an item of a growing list is replaced")
            if id(owner) in self.frozen:
                raise self.tape.refuse(
                    "loop-state", f"a {type(owner).__name__} that is rebound in a loop is also written to"
                )
            self.tape.trail.touch(ContentsPlace(owner))
            owner[key] = value
            return
        method = class_attribute(type(owner), "__setitem__")
        if self.transforms(method):
            self.call(method, owner, key, value)
        elif self.outside(owner):
            raise self.tape.refuse("outside-write", f"an item of a {type(owner).__name__}")
        else:
            owner[key] = value

    def set_at(self, owner: Any, key: Scalar, value: Any) -> None:
        """An item of a list at an index of the graph: each item may be the one."""
        if not isinstance(owner, list) or rows_of(owner) is not None:
            raise self.tape.refuse("opaque-conversion", f"an item of a {type(owner).__name__} at an index of the graph")
        self.tape.trail.touch(ContentsPlace(owner))
        n = len(owner)
        for index in range(n):
            hit = self.tape.scalar(OPERATORS["eq"], self.wrapped(key, n), index)
            old = owner[index]
            owner[index] = self.stage_value(hit, lambda: value, lambda old=old: old)

    def wrapped(self, key: Scalar, n: int) -> Any:
        """An index that may count from the end."""
        return self.stage_value(self.tape.scalar(OPERATORS["lt"], key, 0), lambda: key + n, lambda: key)

    def delitem(self, owner: Any, key: Any) -> None:
        """`del owner[key]`."""
        if isinstance(owner, list | dict | collections.deque):
            self.tape.trail.touch(ContentsPlace(owner))
        del owner[key]

    def pick(self, items: list[Any], key: Scalar) -> Any:
        """The item of a list at an index of the graph: stacked if all are alike, else one branch an item."""
        n = len(items)
        if n > 1 and all(isinstance(i, torch.Tensor) for i in items) and self.uniform(items) and n > 8:
            return torch.index_select(torch.stack(items), 0, self.index_tensor(key).reshape(1)).squeeze(0)
        if n == 0:
            raise IndexError("list index out of range")
        if n > 64:
            raise self.tape.refuse("opaque-conversion", f"an index of the graph into {n} items of different kinds")

        def error() -> Any:
            raise IndexError("list index out of range")

        def at(index: int) -> Any:
            if index == n - 1:
                return items[index]
            hit = self.tape.scalar(OPERATORS["eq"], self.wrapped(key, n), index)
            return self.stage_value(hit, lambda: items[index], lambda: at(index + 1))

        low = self.tape.scalar(OPERATORS["lt"], key, -n)
        high = self.tape.scalar(OPERATORS["ge"], key, n)
        bad = self.tape.scalar(operator.or_, low, high)
        return self.stage_value(bad, error, lambda: at(0))

    def pick_key(self, table: Any, key: Scalar) -> Any:
        """The value of a dict under a key of the graph."""
        keys = [k for k in table if kind_of(k) is not None]

        def at(index: int) -> Any:
            if index == len(keys):
                raise KeyError("a key that only the graph knows")
            hit = self.tape.scalar_operator(OPERATORS["eq"], key, keys[index])
            if isinstance(hit, bool):
                return table[keys[index]] if hit else at(index + 1)
            return self.stage_value(hit, lambda: table[keys[index]], lambda: at(index + 1))

        return at(0)

    def uniform(self, items: Any) -> bool:
        """Whether all items are tensors of one type, or numbers of one kind."""
        first = items[0]
        if isinstance(first, torch.Tensor):
            rest = all(isinstance(i, torch.Tensor) for i in items)
            return rest and all(same_type(self.tape, self.traced(first), self.traced(i)) for i in items[1:])
        kind = kind_of(first)
        return kind in ("int", "float", "bool") and all(kind_of(i) == kind for i in items)

    # Growing lists ----------------------------------------------------------------------------------------------

    def rows_item(self, rows: RowsOf, key: Any) -> Any:
        """An item, or a slice, of a list whose length the graph knows."""
        if isinstance(key, slice):
            columns = [c[self.arguments(key)] for c in rows.columns]
            return [RowsOf(columns, rows.numbers, rows.item)]
        return self.row_at(rows, key)

    def row_at(self, rows: RowsOf, index: Any) -> Any:
        """Item `index`."""
        index = self.tape.as_scalar(index)
        place = self.tape.argument(index) if isinstance(index, Scalar) else index
        leaves: list[Any] = []
        for column, kind in zip(rows.columns, rows.numbers, strict=True):
            leaf = torch.select(column, 0, place)
            leaves.append(self.number_of(leaf) if kind else leaf)
        return rebuild(rows.item, leaves)

    def append(self, rows: RowsOf, value: Any) -> RowsOf:
        """The rows with one more item."""
        leaves: list[Any] = []
        try:
            Forms(self).leaves_of(value, rows.item, leaves)
        except (ValueError, AttributeError):
            raise self.tape.refuse("loop-state", "items of different structure are appended to one list") from None
        if len(leaves) != len(rows.columns):
            raise self.tape.refuse("loop-state", "items of different structure are appended to one list")
        columns: list[torch.Tensor] = []
        for column, leaf, kind in zip(rows.columns, leaves, rows.numbers, strict=True):
            if kind_of(self.tape.as_scalar(leaf)) != kind or (kind is None and not isinstance(leaf, torch.Tensor)):
                raise self.tape.refuse("loop-state", "items of different types are appended to one list")
            new, _ = row(self.tape, self.tape.as_scalar(leaf))
            if new.dtype != column.dtype or not all(
                self.tape.known(a == b) for a, b in zip(new.shape[1:], column.shape[1:], strict=True)
            ):
                raise self.tape.refuse("loop-state", "items of different shapes are appended to one list")
            columns.append(torch.cat([column, new], 0))
        return RowsOf(columns, rows.numbers, rows.item)

    def as_rows(self, items: Any, like: RowsOf | None) -> RowsOf:
        """A list of known length in the form of one that grows."""
        assert like is not None
        forms = Forms(self)
        form = RowsForm(tuple(forms.column(c) for c in like.columns), tuple(like.numbers), like.item)
        return forms.stack(items, form)

    # Containers whose contents depend on the path -----------------------------------------------------------------

    def through_mixed(self, owner: Any, action: Any) -> Any:
        """Do something with a container on each side of what decides its contents."""
        content = mixed_of(owner)
        assert content is not None
        place = ContentsPlace(owner)
        known = self.resolve(content)
        if not isinstance(known, Union):
            self.tape.trail.write(place, known)
            return action()

        def side(value: Any) -> Any:
            self.tape.trail.write(place, value if not isinstance(value, Union) else _marker(owner, value))
            return action()

        return self.stage_value(known.pred, lambda: side(known.then), lambda: side(known.orelse))

    # Operators --------------------------------------------------------------------------------------------------

    def binary(self, name: str, left: Any, right: Any) -> Any:
        """Operators that mean something for lists and text as well."""
        left, right = self.resolve(left), self.resolve(right)
        if isinstance(left, Union) or isinstance(right, Union):
            return self.distribute(lambda a, b: self.binary(name, a, b), left, right)
        for side in (left, right):
            if isinstance(side, list | dict | set) and mixed_of(side) is not None:
                return self.through_mixed(side, lambda: self.binary(name, left, right))
        if name == "Add" and isinstance(left, list) and isinstance(right, list):
            return self.concatenate(left, right)
        if name == "Mod" and isinstance(left, str) and self.holds_traced(right):
            raise self.tape.refuse("opaque-conversion", "'%' formats a value of the graph; use an f-string")
        return BINARY[name](left, right)

    def concatenate(self, left: list[Any], right: list[Any]) -> list[Any]:
        """`left + right` of lists that may grow."""
        for owner in (left, right):
            if mixed_of(owner) is not None:
                return self.through_mixed(owner, lambda: self.concatenate(left, right))
        marker, other = rows_of(left), rows_of(right)
        if marker is None and other is None:
            return left + right
        first = marker or self.as_rows(left, other)
        second = other or self.as_rows(right, marker)
        columns = [torch.cat([a, b], 0) for a, b in zip(first.columns, second.columns, strict=True)]
        return [RowsOf(columns, first.numbers, first.item)]

    def augment(self, name: str, left: Any, right: Any) -> Any:
        """In-place operators: tensors are written, lists extended."""
        left, right = self.resolve(left), self.resolve(right)
        if isinstance(left, Union) or isinstance(right, Union):
            return self.distribute(lambda a, b: self.augment(name, a, b), left, right)
        if isinstance(left, list) and name == "Add":
            self.call(left.extend, right)
            return left
        if isinstance(left, set | dict | list) and mixed_of(left) is not None:
            self.through_mixed(left, lambda: self.augment(name, left, right) and None)
            return left
        if isinstance(left, set | dict | collections.deque | list):
            self.tape.trail.touch(ContentsPlace(left))
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
            return same if name == "Is" else not same
        if name in ("In", "NotIn"):
            found = self.contains(left, right)
            return found if name == "In" else self.not_(found)
        for side in (left, right):
            if isinstance(side, list | dict | set) and mixed_of(side) is not None:
                return self.through_mixed(side, lambda: self.compare_two(name, left, right))
        if name in ("Eq", "NotEq") and type(left) is type(right) and isinstance(left, tuple | list):
            equal = self.equal_items(left, right)
            return equal if name == "Eq" else self.not_(equal)
        return COMPARE[name](left, right)

    def identical(self, left: Any, right: Any) -> bool:
        """`left is right`: a number of the graph is never None or another constant."""
        if isinstance(left, Scalar | torch.SymInt) or isinstance(right, Scalar | torch.SymInt):
            one, two = self.tape.as_scalar(left), self.tape.as_scalar(right)
            if one is two:
                return True
            kinds = kind_of(one), kind_of(two)
            if kinds[0] == kinds[1] == "bool":
                return self.tape.scalar(OPERATORS["eq"], one, two)
            if kinds[0] is None or kinds[1] is None or kinds[0] != kinds[1]:
                return False
            raise self.tape.refuse("opaque-conversion", "'is' between numbers")
        if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor) and left is not right:
            one, two = (handle(self.traced(v)).store for v in (left, right))
            if set(kin([one])) & set(kin([two])) and (one.twins or two.twins):
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
        if mixed_of(container) is not None:
            return self.through_mixed(container, lambda: self.contains(item, container))
        if isinstance(container, torch.Tensor):
            if isinstance(item, Scalar):
                item = self.tape.argument(item)
            return self.number_of((item == container).any())
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
        return self.call(method, container, item) if self.transforms(method) else item in container


def class_attribute(kind: type, name: str) -> Any:
    """What a class defines under a name, undisturbed by descriptors."""
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return MISSING


def looked_at(value: Any) -> Any:
    """A value that is read: what a place held before now matters."""
    if isinstance(value, Original):
        return value.get()
    if isinstance(value, Union):
        then, orelse = looked_at(value.then), looked_at(value.orelse)
        if then is not value.then or orelse is not value.orelse:
            return Union(value.pred, then, orelse)
    return value


def has_undefined(value: Any) -> bool:
    """Whether a value is absent on some path."""
    if isinstance(value, Union):
        return has_undefined(value.then) or has_undefined(value.orelse)
    return isinstance(value, Undefined)


def is_data_descriptor(value: Any) -> bool:
    """Whether a class attribute takes precedence over the instance's own."""
    return value is not MISSING and hasattr(type(value), "__set__") and not isinstance(value, enum.Enum)


PLAIN_OF: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow, "LShift": operator.lshift,
    "RShift": operator.rshift, "BitAnd": operator.and_, "BitOr": operator.or_, "BitXor": operator.xor,
    "MatMult": operator.matmul,
}  # fmt: skip
KINDS_OF = {"int": builtins.int, "float": builtins.float, "bool": builtins.bool, "str": builtins.str}
