"""Subscripts: items of tensors and containers, also at an index or under a key that only the graph knows."""

from __future__ import annotations

import collections
import operator
from typing import Any, cast

import torch

from diptych.capture.staging.attributes import Attributes, class_attribute
from diptych.capture.staging.exceptions import certain
from diptych.capture.staging.growing import Growing
from diptych.capture.staging.joins import same_type
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.rows import number_tensor, rows_of
from diptych.capture.trail import MISSING, ContentsPlace
from diptych.capture.values import COMPARISONS, Scalar, Union, kind_of


def outside() -> None:
    """What an assignment past the end of a list does."""
    raise certain(IndexError("list assignment index out of range"))


class Subscripts(Attributes, Growing):
    """`owner[key]`, read, written and deleted."""

    def getitem(self, owner: Any, key: Any) -> Any:
        """`owner[key]`."""
        owner, key = self.resolve(owner), self.resolve(key)
        if isinstance(owner, Union) or isinstance(key, Union):
            return self.distribute(self.getitem, owner, key)
        if isinstance(key, tuple) and any(isinstance(k, Union) for k in key):
            return self.distribute(lambda *keys: self.getitem(owner, keys), *key)
        if isinstance(owner, torch.Tensor):
            return self.tensor_item(owner, key)
        marker = rows_of(owner)
        if marker is not None:
            return self.rows_item(marker, key)
        mixed = mixed_contents(owner)
        if mixed is not None:
            return self.through_mixed(owner, lambda: self.getitem(owner, key))
        key = self.tape.as_scalar(key)
        if isinstance(key, torch.Tensor) and not isinstance(owner, dict):
            key = self.to_int(key)
        if isinstance(key, Scalar):
            if key.kind not in ("int", "bool") and isinstance(owner, list | tuple | str | range):
                return operator.getitem(owner, cast(Any, {"float": 0.0, "complex": 0j, "str": ""}[key.kind]))  # raises
            if isinstance(owner, list | tuple | torch.nn.ModuleList | torch.nn.Sequential | torch.nn.ParameterList):
                return self.pick(list(self.sequence(owner)), key, "tuple" if isinstance(owner, tuple) else "list")
            if isinstance(owner, dict | torch.nn.ModuleDict):
                return self.pick_key(owner, key, self.absent(owner, key))
            if isinstance(owner, range):
                return owner.start + key * owner.step
        self.world.key(owner, key)
        if isinstance(owner, collections.defaultdict) and key not in owner:
            self.tape.trail.touch(ContentsPlace(owner))  # reading makes the entry
            return self.new_container(owner[key])
        kind: Any = type(owner)
        if isinstance(owner, torch.nn.Module):
            return self.call(kind.__getitem__, owner, key)
        if issubclass(kind, dict | list | tuple | str | bytes | range | collections.deque | torch.Size | type):
            found = self.new_container(owner[key]) if isinstance(key, slice) else owner[key]
            self.world.check_read(found)
            return found
        method = class_attribute(type(owner), "__getitem__")
        return self.call(method, owner, key) if self.transforms(method) else owner[key]

    def absent(self, owner: Any, key: Scalar) -> Any:
        """What a dict does with a key that it does not have; None if it raises."""
        if type(owner) is collections.Counter:
            return lambda: 0
        if class_attribute(type(owner), "__missing__") is MISSING:
            return None
        return lambda: self.getitem(owner, self.tape.opaque_conversion(key, "hash"))

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
        if type(key) is list and any(isinstance(k, Scalar) for k in key) and all(kind_of(k) == "int" for k in key):
            return self.call(torch.tensor, key)
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
        if isinstance(key, tuple) and any(isinstance(k, Union) for k in key):
            self.distribute(lambda *keys: self.setitem(owner, keys, value), *key)
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
        if mixed_contents(owner) is not None:
            self.through_mixed(owner, lambda: self.setitem(owner, key, value))
            return
        key = self.tape.as_scalar(key)
        if isinstance(key, torch.Tensor) and isinstance(owner, list):
            key = self.to_int(key)
        if isinstance(key, Scalar):
            self.set_at(owner, key, value)
            return
        self.world.key(owner, key)
        if isinstance(owner, list | dict | collections.deque):
            marker = rows_of(owner)
            if marker is not None and isinstance(key, int):
                self.tape.trail.write(ContentsPlace(owner), [self.replaced(marker, key, value)])
                return
            if marker is not None:
                raise self.tape.refuse("loop-state", "several items of a growing list are replaced")
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
            self.setitem(owner, self.tape.opaque_conversion(key, f"an index into a {type(owner).__name__}"), value)
            return
        if key.kind not in ("int", "bool"):
            operator.setitem(owner, cast(Any, {"float": 0.0, "complex": 0j, "str": ""}[key.kind]), value)  # raises
        self.tape.trail.touch(ContentsPlace(owner))
        n = len(owner)
        inside = self.all_true(
            self.tape.scalar(COMPARISONS["ge"], key, -n), lambda: self.tape.scalar(COMPARISONS["lt"], key, n)
        )
        self.choose(inside, lambda: None, outside)
        for index in range(n):
            hit = self.tape.scalar(COMPARISONS["eq"], self.wrapped(key, n), index)
            old = owner[index]
            owner[index] = self.stage_value(hit, lambda: value, lambda old=old: old)

    def wrapped(self, key: Scalar, n: int) -> Any:
        """An index that may count from the end."""
        return self.stage_value(self.tape.scalar(COMPARISONS["lt"], key, 0), lambda: key + n, lambda: key)

    def delitem(self, owner: Any, key: Any) -> None:
        """`del owner[key]`."""
        owner, key = self.resolve(owner), self.resolve(key)
        if isinstance(owner, Union) or isinstance(key, Union):
            self.distribute(self.delitem, owner, key)
            return
        if mixed_contents(owner) is not None:
            self.through_mixed(owner, lambda: self.delitem(owner, key))
            return
        method = class_attribute(type(owner), "__delitem__")
        if self.transforms(method):
            self.call(method, owner, key)
            return
        key = self.tape.as_scalar(key)
        if rows_of(owner) is not None or isinstance(key, Scalar) or id(owner) in self.frozen:
            raise self.tape.refuse("loop-state", f"an item of a {type(owner).__name__} is deleted")
        self.world.key(owner, key)
        if isinstance(owner, list | dict | collections.deque):
            self.tape.trail.touch(ContentsPlace(owner))
        elif self.outside(owner):
            raise self.tape.refuse("outside-write", f"an item of a {type(owner).__name__}")
        del owner[key]

    def pick(self, items: list[Any], key: Scalar, kind: str = "list") -> Any:
        """The item of a list at an index of the graph: stacked if all are alike, else one branch an item."""
        n = len(items)
        if n > 1 and all(isinstance(i, torch.Tensor) for i in items) and self.uniform(items) and n > 8:
            return torch.index_select(torch.stack(items), 0, self.index_tensor(key).reshape(1)).squeeze(0)
        if n == 0:
            raise certain(IndexError(f"{kind} index out of range"))
        if n > 64:
            raise self.tape.refuse("opaque-conversion", f"an index of the graph into {n} items of different kinds")

        def error() -> Any:
            raise certain(IndexError(f"{kind} index out of range"))

        def at(index: int) -> Any:
            if index == n - 1:
                return items[index]
            hit = self.tape.scalar(COMPARISONS["eq"], self.wrapped(key, n), index)
            return self.stage_value(hit, lambda: items[index], lambda: at(index + 1))

        low = self.tape.scalar(COMPARISONS["lt"], key, -n)
        high = self.tape.scalar(COMPARISONS["ge"], key, n)
        bad = self.tape.scalar(operator.or_, low, high)
        return self.stage_value(bad, error, lambda: at(0))

    def pick_known(self, items: list[Any], key: Scalar) -> Any:
        """The item at an index of the graph that is one of the list's."""
        if len(items) > 64:
            raise self.tape.refuse("opaque-conversion", f"{len(items)} items are put into an order of the graph")

        def at(index: int) -> Any:
            if index == len(items) - 1:
                return items[index]
            hit = self.tape.scalar(COMPARISONS["eq"], key, index)
            return self.stage_value(hit, lambda: items[index], lambda: at(index + 1))

        return at(0)

    def pick_key(self, table: Any, key: Scalar, missing: Any = None) -> Any:
        """The value of a dict under a key of the graph; `missing()` if there is none."""
        keys = [k for k in table if kind_of(k) is not None]

        def at(index: int) -> Any:
            if index == len(keys):
                if missing is not None:
                    return missing()
                raise certain(KeyError(key))
            hit = self.tape.scalar_operator(COMPARISONS["eq"], key, keys[index])
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
