"""Containers: the methods of lists, dicts, sets and deques, where contents, keys or length are of the graph."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.interpreter import Thunk
from diptych.capture.staging.builtin.ordering import builtin_sorted
from diptych.capture.staging.mixtures import Mixed, mixed_contents, mixture
from diptych.capture.staging.rows import RowsOf, rows_of
from diptych.capture.staging.subscripts import Subscripts
from diptych.capture.trail import CONTAINERS, AttributePlace, ContentsPlace, TailPlace
from diptych.capture.values import Scalar, Union

STORING = {"append", "insert", "add", "setdefault", "appendleft"}

READING = {"get", "keys", "values", "items", "copy", "index", "count", "__len__", "__contains__", "__iter__", "union",
           "intersection", "difference", "issubset", "issuperset", "__getitem__", "isdisjoint", "symmetric_difference",
           "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__add__", "__mul__", "__or__", "__and__",
           "__sub__", "__xor__", "__ror__", "__reversed__", "__repr__", "__str__", "__format__", "__hash__",
           "__class_getitem__", "__sizeof__", "__reduce_ex__"}  # fmt: skip


def appended(content: Any, item: Any) -> Any:
    """The items at the end of a list, on every path, with one more."""
    if isinstance(content, Union):
        return Union(content.pred, appended(content.then, item), appended(content.orelse, item))
    return [*content, item]


class Containers(Subscripts):
    """Methods of built-in containers."""

    def attribute_appended_to(self, owner: Any, name: str) -> Any:
        """`owner.name` in `owner.name.append(item)`."""
        owner = self.resolve(owner)
        plain = not isinstance(owner, Union) and type(AttributePlace(owner, name).get()) in (list, dict)
        return self.read_for_append(lambda: self.getattr(owner, name)) if plain else self.getattr(owner, name)

    def name_appended_to(self, name: Thunk) -> Any:
        """`name` in `name.append(item)`."""
        return self.read_for_append(name)

    def item_appended_to(self, owner: Any, key: Any) -> Any:
        """`owner[key]` in `owner[key].append(item)`."""
        return self.read_for_append(lambda: self.getitem(owner, key))

    def read_for_append(self, read: Thunk) -> Any:
        """Read a list only to append to it, or a dict only for such a list: what they hold does not matter."""
        world = self.world
        world.appending = world.append_lists and not self.tape.region.repeats
        try:
            return read()
        finally:
            world.appending = False

    def append_to(self, owner: Any, item: Any) -> Any:
        """`owner.append(item)`."""
        length = self.world.unread.get(id(owner))
        if length is not None:
            place = TailPlace(owner, length)
            content = next((v.content for v in place.get() if type(v) is Mixed), place.get())
            tail = appended(content, item)
            self.tape.trail.write(place, mixture(owner, tail) if isinstance(tail, Union) else tail)
            return None
        return self.call(self.getattr(owner, "append"), item)

    def container_method(self, owner: Any, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A method of a list, dict, set or deque."""
        name = f.__name__
        for argument in args[:1]:
            self.world.key(owner, argument)
        if id(owner) in self.frozen and name not in READING:
            raise self.tape.refuse(
                "loop-state", f"a {type(owner).__name__} that is rebound in a loop is also written to"
            )
        if mixed_contents(owner) is not None and name in ("items", "keys", "values"):
            return f()
        mixed = next((a for a in (owner, *args) if mixed_contents(a) is not None), None)
        if mixed is not None and (mixed is owner or name not in STORING):
            return self.through_mixed(mixed, lambda: self.container_method(owner, f, args, kwargs))
        marker = rows_of(owner)
        if marker is not None:
            return self.rows_method(owner, marker, name, args)
        if any(isinstance(a, Union) for a in args) and name not in STORING:
            return self.distribute(lambda *a: self.container_method(owner, f, a, kwargs), *args)
        if name in ("get", "pop", "setdefault") and isinstance(owner, dict) and args:
            key = self.tape.as_scalar(args[0])
            if isinstance(key, Scalar) and name == "get":
                return self.pick_key(owner, key, lambda: args[1] if len(args) > 1 else None)
        if name in ("index", "count", "remove") and self.holds_traced((owner, args)):
            raise self.tape.refuse("opaque-conversion", f"{type(owner).__name__}.{name} compares values of the graph")
        if name == "extend":
            self.extend(owner, args[0])
            return None
        if (
            name in ("pop", "insert")
            and args
            and isinstance(self.tape.as_scalar(args[0]), Scalar | torch.Tensor)
            and isinstance(owner, list)
        ):
            raise self.tape.refuse("opaque-conversion", f"list.{name} at an index of the graph")
        if name == "sort" and (self.holds_traced(owner) or kwargs.get("key")):
            found = builtin_sorted(self, owner, **kwargs)
            self.tape.trail.touch(ContentsPlace(owner))
            owner[:] = found
            return None
        if name not in READING:
            self.tape.trail.touch(ContentsPlace(owner))
        if name not in STORING and not isinstance(owner, dict):
            args = tuple(self.items_given(a) for a in args)
        if name == "update" and args and not isinstance(args[0], dict):
            args = ([tuple(self.iterate(pair)) for pair in self.iterate(args[0])],)
        made = f(*args, **kwargs)
        return self.birth(made) if name == "copy" else made

    def items_given(self, items: Any) -> Any:
        """Items for a method that goes through them."""
        if rows_of(items) is not None:
            raise self.tape.refuse("unpacking", "a method is given a growing list")
        return items if isinstance(items, CONTAINERS) or not hasattr(type(items), "__iter__") else self.iterate(items)

    def extend(self, owner: Any, items: Any) -> None:
        """`list.extend`."""
        items = self.resolve(items)
        if isinstance(items, list) and mixed_contents(items) is not None:
            self.through_mixed(items, lambda: self.extend(owner, items))
            return
        self.tape.trail.touch(ContentsPlace(owner))
        marker, other = rows_of(owner), rows_of(items)
        if marker is not None or other is not None:
            owner[:] = self.concatenate(list(owner), list(items))
        else:
            owner.extend(self.iterate(items))

    def rows_method(self, owner: Any, rows: RowsOf, name: str, args: tuple[Any, ...]) -> Any:
        """A method of a list whose length the graph knows."""
        place = ContentsPlace(owner)
        if name == "append":
            made = self.append(rows, args[0])
            self.tape.trail.write(place, [made])
            return None
        if name == "extend":
            return self.extend(owner, args[0])
        if name == "copy":
            return [rows]
        if name == "clear":
            self.tape.trail.write(place, [])
            return None
        index = self.tape.as_scalar(args[0]) if args else -1
        if name == "insert" and isinstance(index, int):
            self.tape.trail.write(place, [self.inserted(rows, index, args[1])])
            return None
        if name == "pop" and isinstance(index, int):
            item = self.row_at(rows, index)
            self.tape.trail.write(place, [self.without(rows, index)])
            return item
        if name == "reverse":
            self.tape.trail.write(place, [rows.over([c.flip(0) for c in rows.columns])])
            return None
        raise self.tape.refuse("loop-state", f"list.{name} of a growing list")
