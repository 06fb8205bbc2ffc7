"""`SymbolicGraph`: what a program is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx

from diptych.graph.layout import Layout, unpack
from diptych.graph.spec import Spec


@dataclass(frozen=True)
class Input:
    """A placeholder of the graph.

    `role` is `argument` (comes with the call) or `state` (lives outside: a parameter, a buffer, an attribute).
    `path` says where it is found, in the user's words: `x`, `self.fc.weight`, `config['lr']`.
    """

    name: str
    spec: Spec
    role: str
    path: str


@dataclass(frozen=True)
class Effect:
    """An update of the world outside, made after the graph succeeded: `path` becomes `value`.

    `kind` is `tensor` (written in place), `attribute`, `item`, `contents`, `cell`, `global` or `output` (a printed line).
    """

    kind: str
    path: str
    value: Layout


@dataclass
class SymbolicGraph:
    """One symbolic graph that holds every path of a program.

    `module` takes the flat inputs in the order of `inputs` and returns a flat tuple; `result` builds the program's
    return value from it, `effects` the updates of outside state. `state` maps the names of the `state` inputs to
    live tensors. `flatten` turns the program's own arguments into the flat values of the `argument` inputs, and
    `apply` carries out the effects; both are None for a graph that was loaded from a file without its program.
    """

    name: str
    module: fx.GraphModule
    inputs: tuple[Input, ...]
    result: Layout
    effects: tuple[Effect, ...] = ()
    state: dict[str, torch.Tensor] = field(default_factory=dict)
    flatten: Callable[..., list[Any]] | None = None
    apply: Callable[[tuple[Any, ...], list[Any]], Any] | None = None

    def run(self, *flat: Any) -> tuple[Any, ...]:
        """Run the graph on its flat inputs; outside state is left alone. Returns the flat outputs."""
        return self.module(*flat)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program the graph was captured from: same arguments, same result, effects applied at the end."""
        given = iter(self.flatten(*args, **kwargs) if self.flatten else torch.utils._pytree.tree_leaves((args, kwargs)))
        flat = [self.state[i.name] if i.role == "state" else next(given) for i in self.inputs]
        outputs = self.run(*flat)
        if self.apply is not None:
            return self.apply(outputs, flat)
        return unpack(self.result, outputs)
