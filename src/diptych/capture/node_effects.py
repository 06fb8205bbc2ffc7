"""What the nodes of a graph do besides computing: they raise, print, or use the random stream."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.regions import Region
from diptych.graph import control, walk
from diptych.graph import own_ops as own_ops  # fills the registry
from diptych.graph.functions import AutogradFunction, Draw
from diptych.graph.own import OWN
from diptych.graph.telling import TELLING, warn

ONCE = (*TELLING, OWN["python_random"], OWN["manual_seed"], OWN["clock"])
"""What a program would notice if it were done twice, or elsewhere."""


def all_nodes(module: Any) -> list[Any]:
    """The nodes of a graph and its regions (functions once)."""
    found: list[Any] = []
    todo = [module]
    seen: set[int] = set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        found += part.graph.nodes
        for node in part.graph.nodes:
            todo += [target.body for target in walk.called(node) if target.body is not None]
        todo += [m for m in part.children() if isinstance(m, torch.fx.GraphModule)]
    return found


def draws(module: Any) -> bool:
    """Whether a graph may use the random stream."""
    for node in all_nodes(module):
        if node.target in (OWN["python_random"], OWN["manual_seed"]) or isinstance(node.target, Draw):
            return True
        tags = getattr(node.target, "tags", ())
        if torch.Tag.nondeterministic_seeded in tags or isinstance(node.target, AutogradFunction):
            return True
        if any(name in str(node.target) for name in ("dropout", "lstm", "gru", "rnn")):
            return True
    return False


def streams(module: Any) -> list[Any]:
    """The generators of the program's own that a graph draws from."""
    found = [node.target.stream for node in all_nodes(module) if isinstance(node.target, Draw)]
    return list({id(stream): stream for stream in found}.values())


def warns(module: Any) -> bool:
    """Whether a graph warns."""
    return any(node.target is warn for node in all_nodes(module))


def tells(module: Any) -> bool:
    """Whether a graph prints, logs or warns."""
    return any(node.target in TELLING for node in all_nodes(module))


def effectful(region: Region) -> bool:
    """Whether a region must run for what it does, not for what it returns."""
    return any(is_effect(node) for node in region.graph.nodes)


def is_effect(node: Any) -> bool:
    """Whether a node raises, prints, draws random numbers, looks at a clock, or holds a region that does."""
    if isinstance(node.target, control.Raise):
        return True
    if node.op == "call_function":
        if node.target in ONCE or isinstance(node.target, Draw):
            return True
        tags = getattr(node.target, "tags", ())
        if any(str(t).endswith("nondeterministic_seeded") for t in tags):
            return True
        return node.target in (control.cond, control.while_loop) or isinstance(node.target, control.Function)
    return False
