"""How the arguments of a call become inputs of a graph that is apart from its program, as one loaded from a file is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from diptych.errors import DiptychError
from diptych.graph.interface import Input
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, TensorSpec

_KINDS = {kind.name: kind for kind in inspect._ParameterKind}


@dataclass(frozen=True)
class Parameter:
    """A parameter of the program: its name, its kind as `inspect` calls it, and whether it may be left out."""

    name: str
    kind: str = "POSITIONAL_OR_KEYWORD"
    optional: bool = False


@dataclass(frozen=True)
class Calling:
    """The parameters of a program, and the arguments that its graph holds as constants: paths and their values."""

    parameters: tuple[Parameter, ...]
    fixed: tuple[tuple[str, Any], ...] = ()

    @staticmethod
    def of(signature: inspect.Signature, fixed: Mapping[str, Any] | None = None) -> Calling:
        """The calling of a program with that signature."""
        parameters = signature.parameters.values()
        made = (Parameter(p.name, p.kind.name, p.default is not p.empty) for p in parameters)
        return Calling(tuple(made), tuple((fixed or {}).items()))

    def bind(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by parameter name; `TypeError` as Python raises it."""
        made = [
            inspect.Parameter(p.name, _KINDS[p.kind], default=None if p.optional else inspect.Parameter.empty)
            for p in self.parameters
        ]
        try:
            return dict(inspect.Signature(made).bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise TypeError(f"{name}() {error}") from None


def argument_values(
    name: str, inputs: Sequence[Input], calling: Calling | None, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[Any]:
    """The values of the `argument` inputs for a call, each checked against its spec.

    Without a `calling` they are the leaves of the arguments in order.
    """
    wanted = [declared for declared in inputs if declared.role == "argument"]
    if calling is None:
        values = pytree.tree_leaves((args, dict(kwargs)))
        if len(values) != len(wanted):
            paths = ", ".join(declared.path for declared in wanted)
            raise TypeError(f"{name}() takes {len(wanted)} values ({paths}), {len(values)} were given")
    else:
        arguments = calling.bind(name, args, kwargs)
        left_out = {p.name for p in calling.parameters if p.optional} - set(arguments)
        for path, value in calling.fixed:
            if path.split("[", 1)[0].split(".", 1)[0] in left_out:
                continue  # the default, which the graph was made for
            if not _same(seen := _read(name, path, arguments), value):
                raise _misfit(name, path, repr(value), repr(seen))
        values = [_read(name, declared.path, arguments) for declared in wanted]
    for declared, value in zip(wanted, values, strict=True):
        if not suits(value, declared.spec):
            raise _misfit(name, declared.path, str(declared.spec), describe(value))
    return values


def suits(value: object, spec: Spec) -> bool:
    """Whether a value is what a spec says: dtype, rank and known sizes of a tensor, the kind of a number."""
    match spec:
        case TensorSpec(dtype, shape):
            if not isinstance(value, torch.Tensor) or value.dtype != dtype or value.dim() != len(shape):
                return False
            return all(isinstance(size, str) or size == seen for size, seen in zip(shape, value.shape, strict=True))
        case NumberSpec(kind):
            return type(value).__name__ == kind
        case AbsentSpec():
            return value is None


def describe(value: object) -> str:
    """A value as its spec would be written."""
    if isinstance(value, torch.Tensor):
        return str(TensorSpec(value.dtype, tuple(value.shape)))
    return f"{type(value).__name__} {value!r:.60}"


def _read(name: str, path: str, arguments: dict[str, Any]) -> Any:
    """The value at a path such as `x`, `pair[0]` or `config['lr']`."""
    try:
        return _evaluate(ast.parse(path, mode="eval").body, arguments)
    except (KeyError, IndexError, AttributeError, TypeError, SyntaxError) as error:
        raise _misfit(name, path, "a value there", f"{type(error).__name__}: {error}") from error


def _evaluate(tree: ast.expr, arguments: dict[str, Any]) -> Any:
    match tree:
        case ast.Name(id=name):
            return arguments[name]
        case ast.Attribute(value=owner, attr=name):
            return getattr(_evaluate(owner, arguments), name)
        case ast.Subscript(value=owner, slice=key):
            try:
                return _evaluate(owner, arguments)[ast.literal_eval(key)]
            except ValueError as error:
                raise KeyError(ast.unparse(key)) from error
        case _:
            raise KeyError(ast.unparse(tree))


def _same(seen: object, value: object) -> bool:
    return type(seen) is type(value) and (seen == value or (seen != seen and value != value))


def _misfit(name: str, path: str, needed: str, seen: str) -> DiptychError:
    return DiptychError(
        f"{name}: argument {path} does not fit this graph",
        why=f"the graph needs {needed}; this call has {seen}",
        remedy="capture the program again for such arguments",
    )
