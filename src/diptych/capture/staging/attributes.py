"""Attributes: data, properties and methods of objects; reads of the outside are guarded, writes noted."""

from __future__ import annotations

import builtins
import enum
import functools
import types
from typing import Any

import torch

from diptych.capture.convert import convertible, is_converted
from diptych.capture.sources import ClassEntry, Constantly, Source
from diptych.capture.staging.names import Names, looked_at
from diptych.capture.trail import MISSING, AttributePlace
from diptych.capture.values import Original, Scalar, Undefined, Union


def class_attribute(kind: type, name: str) -> Any:
    """What a class defines under a name, undisturbed by descriptors."""
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return MISSING


def is_data_descriptor(value: Any) -> bool:
    """Whether a class attribute takes precedence over the instance's own."""
    return value is not MISSING and hasattr(type(value), "__set__") and not isinstance(value, enum.Enum)


def has_undefined(value: Any) -> bool:
    """Whether a value is absent on some path."""
    if isinstance(value, Union):
        return has_undefined(value.then) or has_undefined(value.orelse)
    return isinstance(value, Undefined)


KINDS_OF = {"int": builtins.int, "float": builtins.float, "bool": builtins.bool, "str": builtins.str}


class Attributes(Names):
    """Reads and writes of attributes."""

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
            if name == "__class__" and not isinstance(owner, torch.nn.Parameter):
                return torch.Tensor
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
        if name in ("real", "numerator") and owner.kind in ("int", "bool"):
            return owner if owner.kind == "int" else self.tape.scalar(builtins.int, owner)
        if name == "real" and owner.kind == "float":
            return owner
        if name == "__class__":
            return KINDS_OF[owner.kind]
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
            return self.with_default(lambda: self.call(found.fget, owner), default)
        if isinstance(found, functools.cached_property) and stored is MISSING and self.transforms(found.func):
            value = self.call(found.func, owner)
            self.setattr(owner, name, value)
            return value
        getter = class_attribute(type(found), "__get__") if found is not MISSING else MISSING
        if self.transforms(getter) and (stored is MISSING or is_data_descriptor(found)) and not isinstance(owner, type):
            if self.outside(owner):
                self.world.enter(found, Source(f"{type(owner).__name__}.{name}", None, ClassEntry(type(owner), name)))
                if not is_data_descriptor(found):
                    self.world.missing(owner, name)
            return self.with_default(lambda: self.call(getter, found, owner, type(owner)), default)
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
            data = vars(owner).get(name, MISSING) is value and not callable(value)  # not what a descriptor gives
            return self.read(owner, name, value) if data else value
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
        return self.expecting(get, AttributeError, lambda: default[0]) if default else get()

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
        self.about_to_write(owner, name)
        if isinstance(owner, torch.nn.Module):
            self.set_module_attribute(owner, name, value)
        elif isinstance(owner, type) or not hasattr(owner, "__dict__") or is_data_descriptor(found):
            setattr(owner, name, value)
        else:
            if getattr(type(owner), "__setattr__", object.__setattr__) is not object.__setattr__:
                setattr(owner, name, value)
            else:
                object.__setattr__(owner, name, value)

    def set_plainly(self, owner: Any, name: str, value: Any) -> None:
        """`object.__setattr__(owner, name, value)`."""
        owner = self.resolve(owner)
        if isinstance(owner, Union):
            self.distribute(lambda o: self.set_plainly(o, name, value), owner)
            return
        self.about_to_write(owner, name)
        object.__setattr__(owner, name, value)

    def about_to_write(self, owner: Any, name: str) -> None:
        """An attribute will change: noted for the trail and for the effects."""
        place = AttributePlace(owner, name)
        if self.outside(owner):
            before = place.get()
            known = (id(owner), name) in self.world.reads
            if before is not MISSING and not known and place.key not in self.written and not self.fresh(before):
                self.set_aside(place, before, lambda: self.read_before(owner, name, before))
            if before is MISSING and not known and self.first_on_a_path(place):
                self.world.missing(owner, name)
                if (id(owner), name) not in self.world.reads:
                    self.refuse_absent(place)
            self.written.add(place.key)
        self.tape.trail.touch(place)

    def read_before(self, owner: Any, name: str, before: Any) -> Any:
        """What an attribute held before it was written."""
        key = ("attribute", id(owner), name)
        self.written.discard(key)
        self.world.looking_back = True
        try:
            return self.read(owner, name, before)
        finally:
            self.world.looking_back = False
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
