"""Objects: types, attributes by name, and copies."""

from __future__ import annotations

import builtins
import copy
import dataclasses
from typing import Any

import torch

from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.staging.items import StagedRange, class_method
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.rows import rows_of
from diptych.capture.values import Scalar, Union


@meaning(builtins.isinstance)
def builtin_isinstance(stager: Any, value: Any, kinds: Any) -> Any:
    """`isinstance(x, kinds)`: a number of the graph is a number, a traced tensor a tensor."""
    value = stager.resolve(value)
    if isinstance(value, Union):
        return stager.distribute(lambda v: builtin_isinstance(stager, v, kinds), value)
    value = stager.tape.as_scalar(value)
    if isinstance(value, Scalar):
        return issubclass({"int": int, "float": float, "bool": bool, "str": str, "complex": complex}[value.kind], kinds)
    if isinstance(value, StagedRange):
        return isinstance(range(0), kinds)
    if isinstance(value, torch.Tensor) and type(value) not in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer):
        with stager.unrecorded_world():  # a plain tensor, as it will be when the graph runs
            value = torch.empty(0, dtype=value.dtype, device=value.device)
    return isinstance(value, kinds)


@meaning(builtins.type)
def builtin_type(stager: Any, *args: Any, **kwargs: Any) -> Any:
    """`type(x)`."""
    if len(args) != 1:
        return type(*args, **kwargs)
    value = stager.tape.as_scalar(stager.resolve(args[0]))
    if isinstance(value, Union):
        return stager.distribute(lambda v: builtin_type(stager, v), value)
    if isinstance(value, Scalar):
        return {"int": int, "float": float, "bool": bool, "str": str}[value.kind]
    if isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
        return torch.Tensor
    return type(value)


@meaning(builtins.getattr)
def builtin_getattr(stager: Any, owner: Any, name: str, *default: Any) -> Any:
    """`getattr(x, name)`."""
    return stager.getattr(owner, name, *default)


@meaning(builtins.setattr)
def builtin_setattr(stager: Any, owner: Any, name: str, value: Any) -> None:
    """`setattr(x, name, value)`."""
    stager.setattr(owner, name, value)


@meaning(builtins.hasattr)
def builtin_hasattr(stager: Any, owner: Any, name: str) -> Any:
    """`hasattr(x, name)`."""
    owner = stager.resolve(owner)
    if isinstance(owner, Union):
        return stager.distribute(lambda v: builtin_hasattr(stager, v, name), owner)
    if isinstance(owner, Scalar):
        return hasattr({"int": 0, "float": 0.0, "bool": False, "str": ""}[owner.kind], name)
    missing = object()
    found = stager.getattr(owner, name, missing)
    return stager.distribute(lambda v: v is not missing, found) if isinstance(found, Union) else found is not missing


@meaning(builtins.vars)
def builtin_vars(stager: Any, owner: Any) -> Any:
    """`vars(x)`."""
    return stager.getattr(owner, "__dict__")


@meaning(builtins.callable)
def builtin_callable(stager: Any, value: Any) -> bool:
    """`callable(x)`."""
    return callable(stager.resolve(value))


@meaning(builtins.id)
def builtin_id(stager: Any, value: Any) -> int:
    """`id(x)`: the next call's object has another."""
    raise stager.tape.refuse("outside-world", "id()")


def constant(value: Any) -> bool:
    """Whether a value is made of numbers and texts only."""
    if isinstance(value, tuple | frozenset):
        return type(value) in (tuple, frozenset) and all(constant(v) for v in value)
    return value is None or type(value) in (bool, int, float, complex, str, bytes)


@meaning(builtins.hash)
def builtin_hash(stager: Any, value: Any) -> Any:
    """`hash(x)`: by identity for most objects, which the next call's do not share."""
    value = stager.resolve(value)
    if isinstance(value, Union):
        return stager.distribute(lambda v: builtin_hash(stager, v), value)
    method = class_method(value, "__hash__")
    if stager.transforms(method):
        return stager.call(method, value)
    if not constant(value) and method is not None:
        raise stager.tape.refuse("outside-world", f"hash() of a {type(value).__name__}")
    return hash(value)


@meaning(copy.copy)
def copy_copy(stager: Any, value: Any) -> Any:
    """`copy.copy(x)`."""
    value = stager.resolve(value)
    if isinstance(value, Union):
        return stager.distribute(lambda v: copy_copy(stager, v), value)
    if isinstance(value, torch.Tensor):
        raise stager.tape.refuse("outside-write", "copy.copy of a tensor, which shares its memory")
    if isinstance(value, Scalar) or constant(value):
        return value
    made = copy.copy(value)
    stager.mine(made)
    return made


@meaning(copy.deepcopy)
def copy_deepcopy(stager: Any, value: Any, *memo: Any) -> Any:
    """`copy.deepcopy(x)`: tensors are cloned."""
    value = stager.resolve(value)
    if isinstance(value, Union):
        return stager.distribute(lambda v: copy_deepcopy(stager, v), value)
    if isinstance(value, Scalar) or constant(value):
        return value
    if rows_of(value) is not None or mixed_contents(value) is not None:
        raise stager.tape.refuse("outside-write", f"deepcopy of a {type(value).__name__} that depends on the path")
    if isinstance(value, torch.Tensor):
        return value.clone()
    if type(value) in (list, tuple):
        return type(value)(copy_deepcopy(stager, v) for v in value)
    if type(value) is dict:
        return {k: copy_deepcopy(stager, v) for k, v in value.items()}
    if isinstance(value, torch.nn.Module) or stager.holds_traced(value):
        raise stager.tape.refuse("outside-write", f"deepcopy of a {type(value).__name__}")
    made = copy.deepcopy(value)
    stager.mine(made)
    return made


@meaning(dataclasses.replace)
def dataclasses_replace(stager: Any, value: Any, /, **changes: Any) -> Any:
    """`dataclasses.replace(x, name=value)`: a new object by way of the class's `__init__`."""
    value = stager.resolve(value)
    replace: Any = dataclasses.replace
    if isinstance(value, Union):
        return stager.distribute(lambda v: dataclasses_replace(stager, v, **changes), value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return replace(value, **changes)
    for field in dataclasses.fields(value):
        if field.init and field.name not in changes:
            changes[field.name] = stager.getattr(value, field.name)
        elif not field.init and field.name in changes:
            raise stager.tape.refuse("opaque-conversion", "replace() of a field that __init__ does not take")
    return stager.call(type(value), **changes)
