"""Structures of Python objects, walked anew at each call: which kinds of nodes there are, and what they hold.

A kind is a set of facts that a trace relied on about a node (is there a left child, how many children, which operator).
The nodes of all structures are numbered level by level, kind by kind, and what they hold becomes tensors with a row
for each node: the operands of a `fold`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.guards import Guard
from diptych.capture.recipes import compiled, recipe_for
from diptych.capture.sources import Source

NUMBER_BITS = 31
"""Numbers of nodes that a fold takes have at most so many bits, so that arithmetic on them stays exact."""

Walk = Callable[[list[Any]], tuple[torch.Tensor, ...] | None]
"""From the roots to the operands of a fold; None where a node is of no known kind."""


def itself(node: Any) -> Any:
    """The node from which its own places are read."""
    return node


NODE = Source("<node>", None, itself)
"""Where the places of a node begin."""


def root(source: Source) -> Source:
    """Where a chain of reads begins."""
    while source.parent is not None:
        source = source.parent
    return source


class Kind:
    """Nodes that are treated alike: the facts that hold for them, where their children stand, and what they hold.

    `rows` are the places of tensors and numbers; `dtypes` says of which type the numbers become (None: a tensor).
    """

    def __init__(
        self,
        example: Any,
        facts: list[Guard],
        children: list[Source],
        rows: list[Source],
        dtypes: list[torch.dtype | None],
    ) -> None:
        self.example = example
        self.facts = facts
        self.children = children
        self.rows = rows
        self.dtypes = dtypes
        values = [source.fetch(example) for source in rows]
        self.like = [(tuple(v.shape), v.dtype) if isinstance(v, torch.Tensor) else None for v in values]
        self.recipe = recipe_for(example, facts, children, rows)
        self.match = compiled(self.recipe)

    def none(self, row: int) -> torch.Tensor | None:
        """What tensors become where there are no nodes of the kind; None for numbers."""
        like = self.like[row]
        return None if like is None else torch.empty((0, *like[0]), dtype=like[1])


class Structure:
    """Reads, from the roots of a call, the operands of a fold; None where a node is of no known kind.

    `name` says for which function, `position` at which of its arguments the nodes stand.
    """

    def __init__(self, name: str, position: int) -> None:
        self.name = name
        self.position = position
        self.kinds: list[Kind] = []
        self.roots: list[Source] = []
        self.written: list[Source] = []
        self.walk: Walk | None = None
        """Something faster than `flat` that does the same where nothing is written, if there is one."""

    def __call__(self, roots: Any) -> tuple[torch.Tensor, ...] | None:
        return self.flat([source.fetch(roots) for source in self.roots], [s.fetch(roots) for s in self.written])

    def flat(self, nodes: list[Any], written: list[torch.Tensor]) -> tuple[torch.Tensor, ...] | None:
        """The operands for these roots; `written` are tensors that a call writes to, in which no node may stand."""
        if self.walk is not None and not written:
            return self.walk(nodes)
        levels: list[list[list[Any]]] = []
        seen: dict[int, tuple[int, int, int]] = {}
        matches = [kind.match for kind in self.kinds]

        def visit(node: Any) -> tuple[int, int, int]:
            known = seen.get(id(node))
            if known is not None:
                return known
            k, found = next(((k, found) for k, match in enumerate(matches) if (found := match(node))), (0, None))
            if found is None:
                raise UnknownKind(node)
            children = [visit(child) for child in found[0]]
            level = max([child[0] for child in children], default=-1) + 1
            if level == len(levels):
                levels.append([[] for _ in matches])
            same = levels[level][k]
            same.append((children, found[1]))
            seen[id(node)] = place = (level, k, len(same) - 1)
            return place

        try:
            places = [visit(node) for node in nodes]
        except (UnknownKind, RecursionError):
            return None
        starts: list[list[int]] = []
        number = 0
        for level in levels:
            starts.append([])
            for same in level:
                starts[-1].append(number)
                number += len(same)
        flat = [torch.tensor([[len(same) for same in level] for level in levels])]
        flat.append(torch.tensor([starts[level][k] + at for level, k, at in places]))
        for k, kind in enumerate(self.kinds):
            made = [node for level in levels for node in level[k]]
            for r, dtype in enumerate(kind.dtypes):
                values = [node[1][r] for node in made]
                if dtype is not None:
                    if dtype is torch.int64 and any(value.bit_length() > NUMBER_BITS for value in values):
                        return None
                    flat.append(torch.tensor(values, dtype=dtype))
                    continue
                if written and any(shares(value, other) for value in values for other in written):
                    return None
                none = kind.none(r)
                flat.append(torch.stack(values) if values or none is None else none)
            for c in range(len(kind.children)):
                spots = [node[0][c] for node in made]
                numbers = [starts[level][kind_] + at for level, kind_, at in spots]
                flat.append(torch.tensor(numbers, dtype=torch.int64))
        return tuple(flat)


class Examples:
    """A node of each kind that a graph knows, for the next graph to know them too."""

    def __init__(self, structure: Structure) -> None:
        self.examples = tuple(kind.example for kind in structure.kinds)
        self.position = structure.position

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Examples) and [*map(id, self.examples)] == [*map(id, other.examples)]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.examples)))


class UnknownKind(Exception):
    """A node for which the facts of no kind hold."""


def shares(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors stand in the same memory."""
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def known(operands: Any) -> bool:
    """Whether the nodes of a structure were all of known kinds."""
    return operands is not None
