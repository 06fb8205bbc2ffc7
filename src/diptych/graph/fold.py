"""Recursion over a structure, level by level: the nodes of one level and kind are rows of one batched call.

A function that is applied to a tree, and recursively to the children of each node, gives the same results when the
nodes are visited level by level, those without children first (dynamic batching: Looks, Herreshoff, Hutchins, Norvig,
"Deep Learning with Dynamic Computation Graphs", 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.graph.control import Flat, Function

Parts = tuple[tuple[Any, ...], ...]


def fold(
    kinds: Sequence[Callable[..., Any]],
    counts: torch.Tensor,
    roots: torch.Tensor,
    data: Parts,
    places: Parts,
    shared: Parts,
) -> tuple[torch.Tensor, ...]:
    """Fold structures level by level; `kinds[k]` is called with data, results of children and shared operands."""
    starts: list[int] = []
    chunks: list[tuple[torch.Tensor, ...]] = []
    size = 0

    def take(numbers: torch.Tensor) -> list[torch.Tensor]:
        """The results of the nodes with these numbers."""
        least, most = (int(number) for number in torch.aminmax(numbers))
        first = max(k for k, start in enumerate(starts) if start <= least)
        last = max(k for k, start in enumerate(starts) if start <= most)
        if starts[first]:
            numbers = numbers - starts[first]
        if first == last:
            return [part.index_select(0, numbers) for part in chunks[first]]
        whole = zip(*chunks[first : last + 1], strict=True)
        return [torch.cat(parts).index_select(0, numbers) for parts in whole]

    done = [0] * len(kinds)
    for level in counts.tolist():
        made: list[tuple[torch.Tensor, ...]] = []
        for k, count in enumerate(level):
            if count:
                rows = [tensor.narrow(0, done[k], count) for tensor in data[k]]
                if places[k]:  # one gather for all places: its gradient is one scatter
                    numbers = [place.narrow(0, done[k], count) for place in places[k]]
                    taken = [part.split(count) for part in take(torch.cat(numbers) if len(numbers) > 1 else numbers[0])]
                    rows += [part for place in zip(*taken, strict=True) for part in place]
                found = kinds[k](*rows, *shared[k])
                made.append(found if isinstance(found, tuple) else (found,))
                done[k] += count
        starts.append(size)
        chunks.append(made[0] if len(made) == 1 else tuple(torch.cat(parts) for parts in zip(*made, strict=True)))
        size += sum(level)
    return tuple(take(roots))


class Fold:
    """The target of a node that folds structures; it gives the results of their roots, stacked.

    The nodes of the structures are numbered level by level, on each level kind by kind. The operands are

    - `counts`, int64[levels, kinds]: how many nodes there are;
    - `roots`, int64[roots]: the numbers of the nodes whose results are wanted;
    - for each kind its `rows[k]` tensors with the data of its nodes, [nodes, ...], then for each of its `children[k]`
      places the numbers of the nodes that stand there, int64[nodes];
    - operands that all nodes share, of which kind k takes those at `shared[k]`.

    `kinds[k]` takes data, results of children and shared operands; data and results have the nodes of one level as
    rows. Each kind returns the same number of tensors.
    """

    def __init__(
        self,
        kinds: Sequence[Function],
        rows: Sequence[int],
        children: Sequence[int],
        shared: Sequence[tuple[int, ...]],
    ) -> None:
        self.kinds = tuple(kinds)
        self.rows = tuple(rows)
        self.children = tuple(children)
        self.shared = tuple(shared)
        self.__name__ = self.__qualname__ = "fold"
        self.__module__ = "diptych_folds"

    def parts(self, operands: Sequence[Any]) -> tuple[Parts, Parts, Parts]:
        """For each kind its data, its children and its shared operands, out of all operands after `roots`."""
        data: list[tuple[Any, ...]] = []
        places: list[tuple[Any, ...]] = []
        at = 0
        for rows, children in zip(self.rows, self.children, strict=True):
            data.append(tuple(operands[at : at + rows]))
            places.append(tuple(operands[at + rows : at + rows + children]))
            at += rows + children
        return tuple(data), tuple(places), tuple(tuple(operands[at + i] for i in chosen) for chosen in self.shared)

    def __call__(self, counts: torch.Tensor, roots: torch.Tensor, *operands: Any) -> Flat:
        return fold(self.kinds, counts, roots, *self.parts(operands))

    def __repr__(self) -> str:
        return f"fold[{', '.join(map(repr, self.kinds))}]"


def structure_of(module: fx.GraphModule) -> set[fx.Node]:
    """The inputs that say what the structures are that a graph folds: as many rows as there are levels, or nodes."""
    found: set[fx.Node] = set()
    for node in module.graph.nodes:
        if isinstance(node.target, Fold):
            given = node.args[: 2 + sum(node.target.rows) + sum(node.target.children)]
            found |= {value for value in given if isinstance(value, fx.Node) and value.op == "placeholder"}
    return found
