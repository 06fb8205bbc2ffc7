"""Functions of numbers: conversions, `max` and `min`, those of `math`, and random numbers."""

from __future__ import annotations

import builtins
import math
import operator
import random
import time
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.staging.builtin.iteration import known_items
from diptych.capture.staging.builtin.registry import HANDLERS, meaning
from diptych.capture.values import KINDS, Scalar, Union, kind_of
from diptych.graph import own
from diptych.graph.spec import NumberSpec


def conversion(function: Any, kind: str) -> None:
    """`int(x)`, `float(x)`."""

    def convert(stager: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) != 1:
            return function(*args, **kwargs)
        value = stager.tape.as_scalar(stager.resolve(args[0]))
        if isinstance(value, Union):
            return stager.distribute(lambda v: convert(stager, v), value)
        if isinstance(value, torch.Tensor):
            value = stager.number_of(value)
        if isinstance(value, Scalar):
            return value if value.kind == kind else stager.tape.scalar(function, value)
        return function(value)

    HANDLERS[function] = convert


conversion(builtins.int, "int")

conversion(builtins.float, "float")


@meaning(builtins.bool)
def builtin_bool(stager: Any, value: Any = False) -> Any:
    """`bool(x)`."""
    return stager.truth(value)


@meaning(operator.not_)
def operator_not(stager: Any, value: Any) -> Any:
    """`operator.not_(x)`."""
    return stager.not_(value)


def extreme(function: Any, comparison: str) -> None:
    """`max` and `min`."""

    def handler(stager: Any, *args: Any, key: Any = None, **kwargs: Any) -> Any:
        items = known_items(stager, args[0]) if len(args) == 1 else list(args)
        items = [stager.tape.as_scalar(stager.resolve(i)) for i in items]
        if not items or not (stager.holds_traced(items) or key is not None):
            return function(*args, **({"key": key} if key else {}), **kwargs)
        if key is None and len(items) == 1:
            return items[0]
        if key is None and all(isinstance(i, Scalar) or kind_of(i) for i in items):
            kinds = {kind_of(i) for i in items}
            if len(kinds) == 1:
                kind: Any = kinds.pop()
                node = stager.tape.emit(
                    function, tuple(i.node if isinstance(i, Scalar) else i for i in items), None, NumberSpec(kind)
                )
                return stager.tape.number(node, kind)
        best = items[0]
        rank = stager.call(key, best) if key else best
        for item in items[1:]:
            other = stager.call(key, item) if key else item
            better = stager.compare((comparison,), other, rank)
            best, rank = stager.choose(better, lambda i=item, o=other: (i, o), lambda b=best, r=rank: (b, r))
        return best

    HANDLERS[function] = handler


extreme(builtins.max, "Gt")

extreme(builtins.min, "Lt")


def scalar_function(function: Any) -> None:
    """A function of numbers."""

    def handler(stager: Any, *args: Any, **kwargs: Any) -> Any:
        values = [stager.tape.as_scalar(stager.resolve(a)) for a in args]
        if any(isinstance(v, Union) for v in values):
            return stager.distribute(lambda *v: handler(stager, *v, **kwargs), *values)
        if isinstance(values[0], torch.Tensor):
            if function in (abs, round, divmod, pow):
                return function(*stager.arguments(tuple(values)), **stager.arguments(kwargs))
            values = [stager.number_of(v) if isinstance(v, torch.Tensor) else v for v in values]
        if any(isinstance(v, Scalar) for v in values):
            return stager.tape.scalar(function, *values, *kwargs.values())
        return function(*args, **kwargs)

    HANDLERS[function] = handler


for _function in [f for f in KINDS if f in vars(math).values()] + [builtins.abs, builtins.round]:
    scalar_function(_function)


@meaning(builtins.pow)
def builtin_pow(stager: Any, base: Any, exponent: Any, *modulus: Any) -> Any:
    """`pow(a, b)`."""
    values = [stager.tape.as_scalar(stager.resolve(v)) for v in (base, exponent, *modulus)]
    if any(isinstance(v, Union) for v in values):
        return stager.distribute(lambda *v: builtin_pow(stager, *v), *values)
    if modulus and any(isinstance(v, Scalar) for v in values):
        raise stager.tape.refuse("opaque-conversion", "pow() with a modulus")
    return pow(*values)


@meaning(builtins.divmod)
def builtin_divmod(stager: Any, *values: Any) -> Any:
    """`divmod(a, b)`."""
    values = tuple(stager.tape.as_scalar(stager.resolve(v)) for v in values)
    if any(isinstance(v, Union) for v in values):
        return stager.distribute(lambda *v: builtin_divmod(stager, *v), *values)
    if any(isinstance(v, Scalar) for v in values) and all(kind_of(v) for v in values):
        return tuple(stager.tape.scalar(function, *values) for function in (operator.floordiv, operator.mod))
    return divmod(*values)


def drawing(name: str, kind: str) -> Callable[..., Any]:
    """The meaning of a function of `random`: the number is drawn when the graph runs."""

    def draw(stager: Any, *args: Any) -> Any:
        values = [stager.tape.as_scalar(stager.resolve(a)) for a in args]
        nodes = tuple(v.node if isinstance(v, Scalar) else v for v in values)
        return stager.tape.number(
            stager.tape.emit(stager.python_stream(), (name, *nodes), None, NumberSpec(kind)), kind
        )

    return draw


for _name in ("random", "uniform", "gauss", "expovariate"):
    HANDLERS[getattr(random, _name)] = drawing(_name, "float")

for _name in ("randint", "randrange"):
    HANDLERS[getattr(random, _name)] = drawing(_name, "int")


def showing(name: str) -> Callable[..., Any]:
    """The meaning of a clock: it is looked at when the graph runs."""

    def show(stager: Any) -> Any:
        return stager.tape.number(stager.tape.emit(own.OWN["clock"], (name,), None, NumberSpec("float")), "float")

    return show


for _name in ("time", "perf_counter", "monotonic", "process_time"):
    HANDLERS[getattr(time, _name)] = showing(_name)
