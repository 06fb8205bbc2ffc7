"""The arguments for a graph that was loaded from a file: from `--input`, or made up from what the graph knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

from diptych.cli.examples import make
from diptych.cli.inputs import FORMS, Symbol, TensorInput, parse
from diptych.cli.problem import Problem
from diptych.graph.calling import Calling, Parameter
from diptych.graph.program import SymbolicGraph
from diptych.graph.spec import TensorSpec


@dataclass(frozen=True)
class _Fixed:
    """An argument that the graph holds as a constant: every call gives this value."""

    value: Any


def for_graph(graph: SymbolicGraph, shown: str, specs: Sequence[str]) -> tuple[Any, ...]:
    """Example arguments for the graph that the file `shown` holds, new ones at every call, with the same values."""
    if not specs:
        wanted = [_argument(graph, path, shown) for path in _paths(graph)]
        made = iter(make([w for w in wanted if isinstance(w, TensorInput)]).arguments)
        return tuple(w.value if isinstance(w, _Fixed) else next(made) for w in wanted)
    arguments = make([parse(spec) for spec in specs]).arguments
    try:
        _calling(graph).bind(graph.name, arguments, {})
    except TypeError as error:
        raise Problem(
            f"{shown} cannot be called with {len(arguments)} arguments",
            where=shown,
            why=str(error),
            remedy="give one --input for each argument, in order, or none to have them made up",
        ) from error
    return arguments


def _calling(graph: SymbolicGraph) -> Calling:
    """How the graph is called; one that was built without a program takes its inputs in order."""
    inputs = tuple(Parameter(i.path) for i in graph.inputs if i.role == "argument")
    return graph.calling or Calling(inputs)


def _paths(graph: SymbolicGraph) -> list[str]:
    """The paths of the positional arguments that a call must give; `*rest` has as many as the graph knows."""
    calling = _calling(graph)
    known = {i.path for i in graph.inputs if i.role == "argument"} | {path for path, _ in calling.fixed}
    paths: list[str] = []
    for parameter in calling.parameters:
        if parameter.kind == "VAR_POSITIONAL":
            paths += takewhile(known.__contains__, (f"{parameter.name}[{number}]" for number in count()))
        elif parameter.kind != "VAR_KEYWORD" and (parameter.name in known or not parameter.optional):
            paths.append(parameter.name)
    return paths


def _argument(graph: SymbolicGraph, path: str, shown: str) -> TensorInput | _Fixed:
    """What the argument at `path` has to be; raises `Problem` if that cannot be made up."""
    for fixed, value in _calling(graph).fixed:
        if fixed == path:
            return _Fixed(value)
    spec = next((i.spec for i in graph.inputs if i.path == path), None)
    if isinstance(spec, TensorSpec) and all(isinstance(size, int) or size.isidentifier() for size in spec.shape):
        return TensorInput(tuple(Symbol(s) if isinstance(s, str) else s for s in spec.shape), spec.dtype)
    raise Problem(
        f"no value for {path} can be made up" + (f": it is {spec}" if spec else ""),
        where=shown,
        why="only tensors are, and what the graph holds as a constant",
        remedy=f"give one --input for each of {', '.join(_paths(graph))}: {FORMS}",
    )
