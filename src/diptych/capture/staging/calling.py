"""Calls: users' functions are transformed and inlined, torch's run as they are, built-ins have their own meaning."""

from __future__ import annotations

import builtins
import collections
import functools
import types
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.completion import Completion, Returning
from diptych.capture.convert import convert, convertible, is_converted
from diptych.capture.interpreter import Frame
from diptych.capture.source import NoSource
from diptych.capture.sources import CallAgain, Source
from diptych.capture.staging.attributes import class_attribute
from diptych.capture.staging.builtin import HANDLERS, TENSOR_METHODS, builtin_sorted
from diptych.capture.staging.items import Backwards, Enumerated, StagedRange, Zipped, items_of
from diptych.capture.staging.logic import Logic
from diptych.capture.staging.mixtures import Mixed, mixed_contents
from diptych.capture.staging.names import looked_at
from diptych.capture.staging.recursion import Recursion
from diptych.capture.staging.rows import RowsOf, rows_of
from diptych.capture.trail import CONTAINERS, AttributePlace, ContentsPlace
from diptych.capture.values import KINDS, Original, Scalar, Union

DEPTH_LIMIT = 150
FORBIDDEN_MODULES = ("random", "numpy.random", "time", "datetime", "os", "io", "socket", "subprocess", "uuid",
                     "secrets", "threading",
                     "_warnings", "logging", "warnings")  # fmt: skip


class Calling(Recursion, Logic):
    """`f(*args, **kwargs)`."""

    def frame(self, reader: Any, captured: tuple[str, ...] = ()) -> Frame:
        """The cells of a function that begins here."""
        made = super().frame(reader, captured)
        for place in made.values():
            self.birth(place.cell)
        return made

    def fresh_container(self, value: Any) -> Any:
        """A list, dict or set that the program writes out."""
        return self.birth(value)

    def function(self, body: Callable[[], Completion], frame: Frame) -> Any:
        """The body of a transformed function, with a continuation chain of its own."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], True
        try:
            done = body()
        finally:
            self.chain, self.loops, self.in_function = saved
        return done.value if isinstance(done, Returning) else None

    def call(self, f: Any, *args: Any, **kwargs: Any) -> Any:
        """A call, by what is called."""
        f = self.resolve(f)
        if isinstance(f, Union):
            return self.distribute(lambda g: self.call(g, *args, **kwargs), f)
        args = tuple(self.settle(a) if isinstance(a, Union) else a for a in args)
        kwargs = {k: self.settle(v) if isinstance(v, Union) else v for k, v in kwargs.items()}
        handler = self.handler(f)
        if handler is not None or isinstance(f, types.BuiltinFunctionType | types.BuiltinMethodType):
            for arg in args:
                if isinstance(arg, list | dict | set | collections.deque) and mixed_contents(arg) is not None:
                    return self.through_mixed(arg, lambda: self.call(f, *args, **kwargs))
        if handler is not None:
            return self.new_container(handler(self, *args, **kwargs))
        if isinstance(f, types.MethodType):
            return self.method(f, *args, **kwargs)
        if isinstance(f, types.FunctionType):
            return self.python(f, args, kwargs)
        if isinstance(f, functools._lru_cache_wrapper):
            return self.cached(f, args, kwargs)
        if isinstance(f, functools.partial):
            return self.call(f.func, *f.args, *args, **{**f.keywords, **kwargs})
        if isinstance(f, torch.nn.Module) and not isinstance(getattr(f, "_module", None), torch.nn.Module):
            return self.module(f, args, kwargs)
        if isinstance(f, type):
            return self.instantiate(f, args, kwargs)
        owner = getattr(f, "__self__", None)
        if isinstance(owner, CONTAINERS) and isinstance(f, types.BuiltinMethodType):
            return self.container_method(owner, f, args, kwargs)
        method = class_attribute(type(f), "__call__")
        if self.transforms(method):
            return self.call(method, f, *args, **kwargs)
        return self.native(f, args, kwargs)

    def new_container(self, value: Any) -> Any:
        """A list, dict or set that a call has made belongs to the program."""
        if isinstance(value, list | dict | set | collections.deque) and not self.outside(value):
            self.born.setdefault(id(value), self.tape.region.depth)
            self.kept.append(value)
        return value

    def handler(self, f: Any) -> Any:
        """The meaning of a built-in for values of the graph."""
        try:
            found = HANDLERS.get(f)
        except TypeError:
            return None
        if (
            found is None
            and isinstance(f, types.BuiltinMethodType)
            and isinstance(getattr(f, "__self__", None), torch.Tensor)
        ):
            found = TENSOR_METHODS.get(f.__name__)
            if found is not None:
                return lambda stager, *a, **k: found(stager, f.__self__, *a, **k)
        return found

    def method(self, f: types.MethodType, *args: Any, **kwargs: Any) -> Any:
        """A bound method: its function, with its object in front."""
        if f.__name__ == "apply" and isinstance(f.__self__, type) and issubclass(f.__self__, torch.autograd.Function):
            return self.autograd_function(f.__self__, args, kwargs)
        self.check_allowed(f, args, kwargs)
        if isinstance(f.__self__, torch.nn.Module) and f.__func__ is torch.nn.Module.__call__:
            return self.module(f.__self__, args, kwargs)
        return self.call(f.__func__, f.__self__, *args, **kwargs)

    def python(self, f: types.FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function written in Python."""
        if is_converted(f):
            return self.inline(f, f, args, kwargs)
        if not convertible(f):
            return self.native(f, args, kwargs)
        if "/torch/" not in f.__code__.co_filename:
            self.world.function(f)
        try:
            made = convert(f)
        except NoSource as error:
            self.opaque.append(str(error))
            return self.native(f, args, kwargs)
        return self.inline(f, made, args, kwargs)

    def module(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A module: torch's own layers run as they are, others through their transformed `forward`."""
        kind = type(module)
        call = class_attribute(kind, "__call__")
        if call is not torch.nn.Module.__dict__["__call__"] and self.transforms(call):
            return self.call(call, module, *args, **kwargs)
        self.read_global_hooks()
        if torch_layer(kind) and not hooked(module) and "forward" not in module.__dict__:
            self.read_layer(module)
            self.world.missing(module, "forward")
            return self.native(module, args, kwargs)
        forward = self.getattr(module, "forward")
        self.read_hooks(module)
        if not hooked(module):
            return self.call(forward, *args, **kwargs)
        return self.call(torch.nn.Module._call_impl, module, *args, **kwargs)

    def read_global_hooks(self) -> None:
        """Hooks that torch runs for every module."""
        if "global hooks" not in self.world.numbers:
            self.world.numbers["global hooks"] = None
            self.world.enter(global_hooks(None), Source("torch's global hooks", None, global_hooks))

    def read_hooks(self, module: torch.nn.Module) -> None:
        """Hooks added or removed later change what a call means."""
        for name in HOOK_TABLES:
            table = module.__dict__.get(name)
            if isinstance(table, dict):
                self.read(module, name, table)

    def read_layer(self, module: torch.nn.Module) -> None:
        """Everything a layer of torch reads from itself."""
        self.read_hooks(module)
        for part in module.modules():
            for name, value in list(part.__dict__.items()):
                if isinstance(value, Original | Union | Scalar):
                    self.settle_attribute(part, name, looked_at(value))
            for name, value in list(part.__dict__.items()):
                plain = isinstance(value, bool | int | float | str | tuple | type(None) | torch.Tensor)
                if plain and (not name.startswith("_") or name == "_qkv_same_embed_dim"):
                    self.read_part(part, module, name, value)
            for table in (part._parameters, part._buffers):
                for name, value in list(table.items()):
                    self.read_part(part, module, name, value)

    def settle_attribute(self, owner: Any, name: str, value: Any) -> None:
        """An attribute that torch's own code will read must be a plain value."""
        if isinstance(value, Union | Scalar):
            raise self.tape.refuse("opaque-conversion", f"{type(owner).__name__}.{name} depends on a tensor")
        self.tape.trail.write(AttributePlace(owner, name), value)

    def read_part(self, part: torch.nn.Module, whole: torch.nn.Module, name: str, value: Any) -> None:
        if part is not whole and id(part) not in self.world.sources:
            for prefix, inner in whole.named_modules():
                if inner is part:
                    owner = whole
                    for step in prefix.split("."):
                        self.read(owner, step, getattr(owner, step))
                        owner = getattr(owner, step)
        self.read(part, name, value)

    def instantiate(self, kind: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A class: `__init__` is transformed when it is the user's."""
        if issubclass(kind, torch.autograd.Function | BaseException):
            return self.native(kind, args, kwargs)
        init = class_attribute(kind, "__init__")
        meta = type(kind)
        plain_new = class_attribute(kind, "__new__") is object.__dict__["__new__"]
        if meta.__call__ is type.__call__ and plain_new and self.transforms(init) and convertible(init):
            try:
                convert(init)
            except NoSource:
                made = self.native(kind, args, kwargs)
                self.mine(made)
                return made
            made = object.__new__(kind)
            self.mine(made)
            self.call(init, made, *args, **kwargs)
            return made
        made = self.native(kind, args, kwargs)
        self.mine(made)
        return made

    def mine(self, value: Any) -> None:
        """An object was made by the trace."""
        if not isinstance(value, torch.Tensor | Scalar | str | int | float | type(None)):
            self.made_here.add(id(value))
            self.birth(value)

    def container_method(self, owner: Any, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A method of a list, dict, set or deque."""
        name = f.__name__
        if id(owner) in self.frozen and name not in READING:
            raise self.tape.refuse(
                "loop-state", f"a {type(owner).__name__} that is rebound in a loop is also written to"
            )
        if mixed_contents(owner) is not None and name in ("items", "keys", "values", "copy"):
            if name == "copy":
                return self.through_mixed(owner, lambda: self.birth(owner.copy()))
            return self.through_mixed(owner, lambda: getattr(dict(owner), name)())
        if any(mixed_contents(a) is not None for a in args if isinstance(a, list | dict | set)) and name not in STORING:
            mixed = next(a for a in args if isinstance(a, list | dict | set) and mixed_contents(a) is not None)
            return self.through_mixed(mixed, lambda: self.container_method(owner, f, args, kwargs))
        if mixed_contents(owner) is not None:
            return self.through_mixed(owner, lambda: self.container_method(owner, getattr(owner, name), args, kwargs))
        marker = rows_of(owner)
        if marker is not None:
            return self.rows_method(owner, marker, name, args)
        if any(isinstance(a, Union) for a in args) and name not in (
            "append",
            "insert",
            "add",
            "setdefault",
            "appendleft",
        ):
            return self.distribute(lambda *a: self.container_method(owner, f, a, kwargs), *args)
        if name in ("get", "pop", "setdefault") and isinstance(owner, dict) and args:
            key = self.tape.as_scalar(args[0])
            if isinstance(key, Scalar) and name == "get":
                return self.pick_key(owner, key)
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
        return f(*args, **kwargs)

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
        if name == "pop" and (not args or args[0] == -1):
            item = self.row_at(rows, -1)
            columns = [c[:-1] for c in rows.columns]
            self.tape.trail.write(place, [RowsOf(columns, rows.numbers, rows.item)])
            return item
        raise self.tape.refuse("loop-state", f"list.{name} of a growing list")

    def native(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function that is not transformed: built-in, torch's, or of the standard library."""
        self.check_allowed(f, args, kwargs)
        for value in (*args, *kwargs.values()):
            if isinstance(value, Union):
                return self.distribute_call(f, args, kwargs)
        module = getattr(f, "__module__", None) or getattr(type(f), "__module__", "") or ""
        owner = getattr(f, "__self__", None)
        if module.startswith("torch") or isinstance(owner, torch.Tensor) or isinstance(f, torch.nn.Module):
            if any(self.has_union(v) for v in (*args, *kwargs.values())):
                return self.distribute_call(f, args, kwargs)
            if not args and not kwargs and module.startswith("torch") and f not in MODES:
                return self.torch_state(f)
            args, kwargs = self.arguments(args), self.arguments(kwargs)
        else:
            args = tuple(self.callback(a) for a in args)
            kwargs = {k: self.callback(v) for k, v in kwargs.items()}
            if isinstance(f, types.BuiltinFunctionType) and f in KINDS:
                return self.numeric(f, *args)
        return self.new_container(f(*args, **kwargs))

    def torch_state(self, f: Any) -> Any:
        """A question to torch about itself: the answer is relied on."""
        value = f()
        if isinstance(value, bool | int | str | float):
            return self.world.enter(value, Source(f"torch.{f.__name__}()", None, CallAgain(f, (), ())))
        return value

    def numeric(self, f: Any, *args: Any) -> Any:
        """A function of Python numbers, recorded if one of them is of the graph."""
        values = [self.number_of(a) if isinstance(a, torch.Tensor) else self.tape.as_scalar(a) for a in args]
        return self.tape.scalar(f, *values) if any(isinstance(v, Scalar) for v in values) else f(*args)

    def has_union(self, value: Any) -> bool:
        """Whether an argument, or an item of it, is a union."""
        return isinstance(value, list | tuple) and any(isinstance(v, Union | Mixed) for v in value)

    def distribute_call(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call on each alternative of its arguments (items of list arguments included)."""
        flat: list[Any] = []
        shape: list[Any] = []
        for value in (*args, *kwargs.values()):
            if isinstance(value, list | tuple) and mixed_contents(value) is not None:
                return self.through_mixed(value, lambda: self.call(f, *args, **kwargs))
            if isinstance(value, list | tuple) and self.has_union(value):
                shape.append((type(value), len(value)))
                flat += value
            else:
                shape.append(None)
                flat.append(value)
        names = list(kwargs)

        def again(*values: Any) -> Any:
            rest = list(values)
            made: list[Any] = []
            for entry in shape:
                if entry is None:
                    made.append(rest.pop(0))
                else:
                    made.append(entry[0](rest[: entry[1]]))
                    del rest[: entry[1]]
            split = len(made) - len(names)
            return self.call(f, *made[:split], **dict(zip(names, made[split:], strict=True)))

        return self.distribute(again, *flat)

    def arguments(self, value: Any) -> Any:
        """An argument for torch: numbers of the graph become torch's symbolic numbers; growing lists are refused."""
        if isinstance(value, Scalar):
            return self.tape.argument(value)
        if isinstance(value, Union):
            raise self.tape.refuse("structure-in-branch", "a value of path-dependent type inside an argument")
        if rows_of(value) is not None or (isinstance(value, list) and mixed_contents(value) is not None):
            raise self.tape.refuse("loop-state", "a growing list is passed to a function other than stack or cat")
        if type(value) in (tuple, list):
            return type(value)(self.arguments(v) for v in value)
        if type(value) is dict:
            return {k: self.arguments(v) for k, v in value.items()}
        if isinstance(value, slice):
            return slice(self.arguments(value.start), self.arguments(value.stop), self.arguments(value.step))
        return value

    def callback(self, value: Any) -> Any:
        """A function of the user that a library will call."""
        if isinstance(value, types.FunctionType) and convertible(value):
            return lambda *a, **k: self.call(value, *a, **k)
        return value

    def check_allowed(self, f: Any, args: Any, kwargs: Any) -> None:
        """Calls that read or change the world outside the program."""
        if f in FORBIDDEN:
            raise self.tape.refuse("outside-world", getattr(f, "__qualname__", repr(f)))
        module = getattr(f, "__module__", None) or ""
        owner = type(getattr(f, "__self__", None)).__module__ or ""
        if module in FORBIDDEN_MODULES or owner in FORBIDDEN_MODULES or module.split(".")[0] == "_io":
            raise self.tape.refuse("outside-world", getattr(f, "__qualname__", repr(f)))
        numpy = module.startswith("numpy") or owner.startswith("numpy") or type(f).__module__.startswith("numpy")
        if numpy and (self.holds_traced((args, kwargs)) or "random" in module or "random" in owner):
            raise self.tape.refuse("tensor-to-numpy", getattr(f, "__name__", repr(f)))

    def autograd_function(self, kind: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`Function.apply`: one node; its own backward runs when the graph runs."""
        return self.tape.autograd_function(kind, args)

    def iterate(self, items: Any) -> Any:
        """Items that Python goes through."""
        items = self.resolve(items)
        if isinstance(items, Union):
            same_length = self.distribute(lambda v: tuple(self.iterate(v)), items)
            if isinstance(same_length, tuple):
                return same_length
        if isinstance(items, Union) or rows_of(items) is not None or mixed_contents(items) is not None:
            raise self.tape.refuse("unpacking")
        if isinstance(items, list | tuple | dict | set | str) or not self.special_items(items):
            return items
        found = items_of(self, items)
        if found.known is None:
            raise self.tape.refuse("unpacking")
        return [found.take(k) for k in range(found.known)]

    def special_items(self, items: Any) -> bool:
        return isinstance(items, StagedRange | Enumerated | Zipped | Backwards | torch.Tensor)

    def unpack(self, value: Any, count: int, star: int) -> Any:
        """`a, b = value`."""
        value = self.resolve(value)
        if isinstance(value, Union):
            alternatives = self.distribute(lambda v: tuple(self.iterate(v)), value)
            if isinstance(alternatives, tuple):
                return alternatives
            raise self.tape.refuse("unpacking")
        if isinstance(value, list) and mixed_contents(value) is not None:
            return self.unpack(self.through_mixed(value, lambda: tuple(value)), count, star)
        return self.iterate(value)

    def slice(self, start: Any, stop: Any, step: Any) -> Any:
        """`start:stop:step`; integer tensors are numbers here."""
        return slice(*(self.to_int(v) if isinstance(v, torch.Tensor) else self.resolve(v) for v in (start, stop, step)))

    def cached(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function with a cache, called with constants: its answer is relied on while the cache holds it."""
        if self.holds_traced((args, kwargs)):
            raise self.tape.refuse("outside-world", f"{f.__qualname__} keeps a cache of tensors")
        with self.unrecorded_world():
            value = f(*args, **kwargs)
        source = Source(f"{f.__qualname__}(...)", None, CallAgain(f, args, tuple(kwargs.items())))
        return self.world.enter(value, source)

    def frame_builtin(self, name: str) -> Any:
        """`locals()` and its kin."""
        raise self.tape.refuse("frame-access", name)


HOOK_TABLES = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
STORING = {"append", "insert", "add", "setdefault", "appendleft"}
READING = {"get", "keys", "values", "items", "copy", "index", "count", "__len__", "__contains__", "__iter__", "union",
           "intersection", "difference", "issubset", "issuperset", "__getitem__"}  # fmt: skip
FORBIDDEN: set[Any] = {torch.manual_seed, torch.save, torch.load, torch.set_default_dtype, torch.seed,
                       torch.set_rng_state, builtins.open, builtins.input, torch.set_grad_enabled}  # fmt: skip


MODES = {torch.is_grad_enabled, torch.is_inference_mode_enabled, torch.is_autocast_enabled, torch.get_default_dtype}
"""What a hybridized program compares before every call, or a block inside it changes."""


def torch_layer(kind: type) -> bool:
    """Whether a module's class is a layer of torch with no modules of the user inside."""
    module = kind.__module__
    if not module.startswith("torch.nn") or module.startswith(
        ("torch.nn.modules.container", "torch.nn.modules.transformer")
    ):
        return False
    return not module.startswith("torch.nn.utils")


def global_hooks(roots: Any) -> int:
    """How many hooks torch runs for every module."""
    tables = (getattr(torch.nn.modules.module, f"_global{name}", None) for name in HOOK_TABLES)
    return sum(len(table) for table in tables if table)


def hooked(module: torch.nn.Module) -> bool:
    """Whether calling a module runs hooks."""
    own = any(module.__dict__.get(name) for name in HOOK_TABLES)
    shared = torch.nn.modules.module
    return (
        own
        or any(getattr(shared, f"_global{n}", None) for n in HOOK_TABLES)
        or getattr(module, "_compiled_call_impl", None) is not None
    )
