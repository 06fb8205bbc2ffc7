"""Calls: users' functions are transformed and inlined, built-ins have their own meaning, others run as they are."""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
import itertools
import types
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import _compile

from diptych.capture.completion import Completion, Returning
from diptych.capture.convert import convert, convertible, is_converted
from diptych.capture.interpreter import Frame
from diptych.capture.source import NoSource
from diptych.capture.staging.attributes import class_attribute
from diptych.capture.staging.builtin import HANDLERS, TENSOR_METHODS
from diptych.capture.staging.containers import Containers
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.modules import Modules
from diptych.capture.staging.opaque import generated, reads_outside
from diptych.capture.staging.recursion import Recursion
from diptych.capture.staging.slots import bound, slot
from diptych.capture.staging.streams import PYTHON, STREAMS, Streams
from diptych.capture.trail import CONTAINERS, MISSING
from diptych.capture.values import Union

LAZY: set[Any] = {enumerate, zip, reversed}
"""Built-ins that look at their iterables later."""

CONSUMING: set[Any] = {sorted, set, frozenset, dict, collections.deque, max, min, any, all, sum, list, tuple, map,
                       filter, functools.reduce, collections.OrderedDict, itertools.chain, itertools.product, len,
                       itertools.accumulate, itertools.islice, itertools.combinations,
                       itertools.permutations}  # fmt: skip
"""Built-ins that go through their iterables at once: for a union, on each side through its own."""


class Calling(Recursion, Modules, Containers, Streams):
    """`f(*args, **kwargs)`."""

    def frame(self, reader: Any, captured: tuple[str, ...] = ()) -> Frame:
        """The cells of a function that begins here."""
        made = super().frame(reader, captured)
        for place in made.values():
            self.birth(place.cell)
        return made

    def function(self, body: Callable[[], Completion], frame: Frame) -> Any:
        """The body of a transformed function, with a continuation chain of its own."""
        saved = (self.chain, self.loops, self.in_function)
        self.chain, self.loops, self.in_function = [], [], True
        self.frames.append(frame)
        try:
            done = body()
        finally:
            self.chain, self.loops, self.in_function = saved
            self.frames.pop()
        return done.value if isinstance(done, Returning) else None

    def call(self, f: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call, by what is called."""
        f = self.resolve(f)
        if isinstance(f, Union):
            return self.distribute(lambda g: self.call(g, *args, **kwargs), f)
        args = tuple(self.resolve(a) if isinstance(a, Union) else a for a in args)
        kwargs = {k: self.resolve(v) if isinstance(v, Union) else v for k, v in kwargs.items()}
        self.world.callee(f)
        handler = self.handler(f)
        owner = getattr(f, "__self__", None)
        container = isinstance(owner, CONTAINERS) and isinstance(f, types.BuiltinMethodType | types.MethodWrapperType)
        if handler is not None or (isinstance(f, types.BuiltinFunctionType) and not container):
            for index, arg in enumerate(args if f not in LAZY else ()):
                if mixed_contents(arg) is not None:
                    return self.through_mixed(arg, lambda: self.call(f, *args, **kwargs))
                lifted = self.lift(arg) if handler is not None and f in CONSUMING else None
                if isinstance(lifted, Union):
                    rest = (args[:index], args[index + 1 :])
                    return self.distribute(lambda a, r=rest: self.call(f, *r[0], a, *r[1], **kwargs), lifted)
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
        method = bound(f, args)
        if method is not None:
            return self.call(method, *args[1:], **kwargs)
        found = slot(f)
        if found is not None:
            return self.new_container(found(self, *args, **kwargs))
        if container:
            return self.container_method(owner, f, args, kwargs)
        method = class_attribute(type(f), "__call__")
        if self.transforms(method):
            return self.call(method, f, *args, **kwargs)
        return self.native(f, args, kwargs)

    def handler(self, f: Any) -> Any:
        """The meaning of a built-in for values of the graph."""
        owner = getattr(f, "__self__", None)
        if isinstance(owner, STREAMS) and owner is not PYTHON:
            return self.stream_method(owner, f.__name__)
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
        if f.__func__ in HANDLERS:
            return self.call(f.__func__, f.__self__, *args, **kwargs)
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
        if f.__code__.co_filename == _compile.__file__:  # torch's own decorator against being compiled
            return self.call(inspect.unwrap(f), *args, **kwargs)
        if "/torch/" not in f.__code__.co_filename:
            self.world.function(f)
        try:
            made = convert(f)
        except NoSource as error:
            reads = reads_outside(f, (*args, *kwargs.values()), self.outside)
            if reads is not None:
                raise self.tape.refuse("no-source", f"{f.__qualname__} reads {reads}") from None
            self.opaque.append(str(error))
            return self.native(f, args, kwargs)
        return self.inline(f, made, args, kwargs)

    def instantiate(self, kind: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A class: `__init__` is transformed when it is the user's."""
        if issubclass(kind, torch.autograd.Function):
            return self.native(kind, args, kwargs)
        init = class_attribute(kind, "__init__")
        if issubclass(kind, BaseException):
            return self.exception(kind, init, args, kwargs)
        meta = type(kind)
        plain_new = class_attribute(kind, "__new__") is object.__dict__["__new__"]
        written = init is not MISSING and getattr(init, "__code__", None) is not None and generated(init)
        if written and dataclasses.is_dataclass(kind) and plain_new and kind.__dictoffset__:
            return self.dataclass(kind, args, kwargs)
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

    def exception(self, kind: type, init: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """An exception of the program."""
        if not self.transforms(init) or not isinstance(kind.__new__, types.BuiltinFunctionType):
            made = self.native(kind, args, kwargs)
            self.mine(made)
            return made
        made = cast(Any, kind).__new__(kind, *args, **kwargs)
        self.mine(made)
        self.call(init, made, *args, **kwargs)
        return made

    def dataclass(self, kind: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A dataclass whose `__init__` Python wrote: it only stores; what `__post_init__` does is transformed."""
        made = object.__new__(kind)
        self.mine(made)
        post = class_attribute(kind, "__post_init__")
        last: list[tuple[Any, ...]] = []
        if self.transforms(post):
            vars(made)["__post_init__"] = lambda *values: last.append(values)
        kind.__init__(made, *args, **kwargs)
        for value in vars(made).values():  # what a factory of defaults has made
            if not any(value is given for given in (*args, *kwargs.values())):
                self.new_container(value)
        if last:
            del vars(made)["__post_init__"]
            self.call(post, made, *last[0])
        return made

    def autograd_function(self, kind: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`Function.apply`: one node; its own backward runs when the graph runs."""
        return self.tape.autograd_function(kind, args)

    def frame_builtin(self, name: str) -> Any:
        """`locals()` and its kin."""
        raise self.tape.refuse("frame-access", name)
