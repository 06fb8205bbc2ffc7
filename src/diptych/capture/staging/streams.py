"""Draws from generators of random numbers that the program keeps: made when the graph runs, from the same generator."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from diptych.capture.guards import Guard, Same
from diptych.capture.staging.builtin import HANDLERS
from diptych.capture.staging.core import Core
from diptych.capture.streams import STREAMS as STREAMS
from diptych.capture.streams import drawing, keeper
from diptych.capture.values import Scalar, kind_of
from diptych.graph import own
from diptych.graph.spec import NumberSpec

SHARED: Any = np.random.mtrand._rand
"""The generator behind the functions of `numpy.random`."""
PYTHON: Any = getattr(random.random, "__self__", None)
"""The generator behind the functions of `random`."""


def address(generator: Any) -> int:
    """Which generator of torch an object stands for."""
    return generator._cdata


class Streams(Core):
    """Generators of Python, NumPy and torch."""

    world: Any
    stream: Any = None
    """The generator that a method of `random.Random` is called on, while it is."""

    def drawn_from(self, stream: Any, function: Any) -> Any:
        """The target of a node that draws from a generator of the outside, which has to be the same at every call."""
        world: Any = self.world
        if isinstance(stream, torch.Generator):  # the dispatcher hands over an object of its own for the same one
            known = (v for v in world.alive if isinstance(v, torch.Generator) and address(v) == address(stream))
            stream = next(known, stream)
        source = world.sources.get(id(stream))
        if source is None and stream is not SHARED:
            raise self.tape.refuse("outside-world", f"a {type(stream).__name__} that the program makes")
        if id(stream) not in world.streams:
            world.streams[id(stream)] = keeper(stream)
            world.alive.append(stream)
            if source is not None:
                world.guards.append(Guard(source, f"{source.path} is the same generator", Same(stream)))
        return drawing(stream, function)

    def python_stream(self) -> Any:
        """The target of a draw in the manner of `random`: from its own generator, or the one that is called."""
        return own.OWN["python_random"] if self.stream is None else self.drawn_from(self.stream, None)

    def stream_method(self, stream: Any, name: str) -> Callable[..., Any] | None:
        """The meaning of a generator's method, if it is that of a draw."""
        if isinstance(stream, random.Random):
            found = HANDLERS.get(getattr(random, name, None))
            return found and (lambda stager, *args, **kwargs: self.python_draw(stream, found, args, kwargs))
        if isinstance(stream, torch.Generator):
            raise self.tape.refuse("outside-world", f"Generator.{name}")
        return lambda stager, *args, **kwargs: self.numpy_draw(stream, name, args, kwargs)

    def python_draw(self, stream: Any, found: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A method of a `random.Random`."""
        before, self.stream = self.stream, stream
        try:
            return found(self, *args, **kwargs)
        finally:
            self.stream = before

    def numpy_draw(self, stream: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A number drawn by NumPy; which kind it has, a copy of the generator tells."""
        values = [self.tape.as_scalar(self.resolve(a)) for a in args]
        if kwargs or not all(isinstance(v, Scalar) or kind_of(v) for v in values):
            raise self.tape.refuse("tensor-to-numpy", f"{name} of more than numbers")
        examples = [{"int": 2, "float": 1.0, "bool": True}[v.kind] if isinstance(v, Scalar) else v for v in values]
        kind = kind_of(getattr(copy.deepcopy(stream), name)(*examples))
        if kind not in ("int", "float", "bool") or name in ("seed", "shuffle"):
            raise self.tape.refuse("tensor-to-numpy", f"{name} gives no number of Python's")
        nodes = tuple(v.node if isinstance(v, Scalar) else v for v in values)
        return self.tape.number(self.tape.emit(self.drawn_from(stream, name), nodes, None, NumberSpec(kind)), kind)
