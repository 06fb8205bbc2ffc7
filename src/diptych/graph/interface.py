"""How a graph meets the world: what comes in, and what is updated outside afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from diptych.graph.layout import Layout
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

    `kind` is `tensor` (written in place), `attribute`, `item`, `contents`, `appended` (items at the end of a list),
    `cell`, `global` or `output` (a printed line).
    """

    kind: str
    path: str
    value: Layout
