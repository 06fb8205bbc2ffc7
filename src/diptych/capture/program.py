"""A captured program: its graph, what it relies on, what it feeds it, and what it gives and updates afterwards."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from diptych.capture.effects import Update
from diptych.capture.guards import Guard
from diptych.capture.sources import Source
from diptych.capture.structure import Structure
from diptych.graph.layout import Layout, Leaf, Values, builder
from diptych.graph.program import SymbolicGraph


@dataclass(slots=True)
class Roots:
    """What a call starts from: the function, and its bound arguments by parameter name."""

    function: Any
    arguments: dict[str, Any]


@dataclass
class Program:
    """A captured program: the graph, what it relies on, what it feeds the graph, and what it updates."""

    graph: SymbolicGraph
    guards: list[Guard]
    sizes: list[Callable[[list[Any]], bool]]
    sources: list[Source]
    updates: list[Update]
    aliases: dict[int, Any]
    layout: Layout
    bind: Callable[..., Roots]
    opaque: list[str] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    draws: bool = False
    streams: list[Any] = field(default_factory=list)
    tells: bool = False
    warns: bool = False
    assumes: bool = False
    inference: bool = False

    def __post_init__(self) -> None:
        self.build = builder(self.layout)
        fed = {id(source): k for k, source in enumerate(self.sources)}
        places: list[tuple[Update, Any, int | None]] = [
            (update, update.target, fed.get(id(getattr(update.target, "source", None)))) for update in self.updates
        ]
        self.written = [
            (*place, place[0].value.index if isinstance(place[0].value, Leaf) else None)
            for place in places
            if place[0].kind == "tensor"
        ]
        """The updates of tensors: where each is found, as which input, and which output it becomes."""
        self.others = [place for place in places if place[0].kind != "tensor"]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, if all may be given by position."""
        return getattr(self.bind, "names", ())

    @property
    def structures(self) -> list[Structure]:
        """What reads structures of objects for the graph's folds."""
        found = [source.parent.read for source in self.sources if source.parent is not None]
        return list({id(read): read for read in found if isinstance(read, Structure)}.values())

    def feed(self, roots: Roots) -> list[Any]:
        """The flat inputs of the graph for a call."""
        return [source.fetch(roots) for source in self.sources]

    def finish(self, roots: Roots, outputs: tuple[Any, ...], flat: list[Any]) -> Any:
        """Carry out the effects; the program's return value."""
        if not self.updates and not self.aliases:
            return self.build(outputs)
        values = Values(outputs)
        # Where they were before any of them.
        found = [(u, find(roots) if k is None else find.of(flat[k])) for u, find, k in self.others]
        tensors = [find(roots) if k is None else find.of(flat[k]) for _, find, k, _ in self.written]
        for (update, _, _, index), target in zip(self.written, tensors, strict=True):
            if index is None or outputs[index] is not target:
                update.apply(target, values)
        for index, alias in self.aliases.items():
            values[index] = alias(flat, roots)
        for update, target in found:
            update.apply(target, values)
        return self.build(values)

    def raised(self, fired: Any, roots: Roots, flat: list[Any]) -> None:
        """The graph has raised the program's own exception: carry out the effects that came before it."""
        target, operands = fired
        values = Values(operands)
        for update, place in [(update, update.target(roots)) for update in getattr(target, "updates", ())]:
            update.apply(place, values)


def binder(function: Any) -> Callable[..., Roots]:
    """Binds the arguments of a call to the parameters of the program; TypeError if they do not fit them."""
    called = function.forward if isinstance(function, torch.nn.Module) else function
    try:
        signature = inspect.signature(called, follow_wrapped=False)
    except (TypeError, ValueError):
        signature = None

    names, defaults = simple_parameters(signature)

    def bind(*args: Any, **kwargs: Any) -> Roots:
        missing = len(names) - len(args)
        if names and not kwargs and 0 <= missing <= len(defaults):
            return Roots(function, dict(zip(names, (*args, *defaults[len(defaults) - missing :]), strict=True)))
        if signature is None:
            return Roots(function, {**{f"arg{i}": a for i, a in enumerate(args)}, **kwargs})
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return Roots(function, dict(bound.arguments))

    bind.names = names  # pyright: ignore[reportFunctionMemberAccess]
    return bind


def simple_parameters(signature: inspect.Signature | None) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The names and defaults of a function's parameters if all may be given by position; else nothing."""
    parameters = list(signature.parameters.values()) if signature is not None else []
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        return (), ()
    return tuple(p.name for p in parameters), tuple(p.default for p in parameters if p.default is not p.empty)


class SizeGuard:
    """A condition on sizes."""

    def __init__(self, code: Any, places: dict[str, tuple[int, int]], text: str) -> None:
        self.code, self.places, self.text = code, places, text

    def __str__(self) -> str:
        return self.text

    def __call__(self, flat: list[Any]) -> bool:
        sizes = {name: flat[i].shape[d] for name, (i, d) in self.places.items()}
        try:
            return bool(eval(self.code, {"math": math, **sizes}))
        except Exception:
            return False


@dataclass(frozen=True)
class Given:
    """Output that is an input itself."""

    position: int

    def __call__(self, flat: list[Any], roots: Any) -> Any:
        return flat[self.position]


@dataclass(frozen=True)
class Found:
    """Output that is an object of the outside, found anew at each call."""

    source: Source

    def __call__(self, flat: list[Any], roots: Any) -> Any:
        return self.source.fetch(roots)


@dataclass(frozen=True)
class ViewOf:
    """Output that is a view of an input."""

    position: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    detached: bool

    def __call__(self, flat: list[Any], roots: Any) -> Any:
        base = flat[self.position].detach() if self.detached else flat[self.position]
        return base.as_strided(self.shape, self.stride, self.offset)
