"""A fold whose kinds are regions, and the way back over its levels: what folds are in graphs that are written out.

As control flow, they are defined by how they run. A region that is run for the nodes of one kind on one level takes
tensors with a row for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from diptych.graph.control import Flat, Region

Parts = Sequence[Sequence[torch.Tensor]]
Kept = tuple[int, torch.dtype, tuple[int, ...]]
"""A tensor that is kept of the nodes of a kind: the number of the kind, its dtype, the sizes of a row."""


def fold_levels(
    kinds: Sequence[Region],
    counts: torch.Tensor,
    roots: torch.Tensor,
    data: Parts,
    places: Parts,
    operands: Sequence[Any],
    results: Sequence[tuple[torch.dtype, tuple[int, ...]]],
    kept: Sequence[Kept],
) -> Flat:
    """Fold structures level by level; nodes are numbered level by level, on each level kind by kind.

    `counts`, int64[levels, kinds], says how many nodes there are, `roots`, int64[roots], which results are wanted,
    `places[k][c]`, int64[nodes of kind k], where the children stand. `kinds[k]` takes the rows of `data[k]`, the
    results of the children (all of the first child, then all of the second one), and `operands`; it returns the
    `results` and then what is kept of its nodes. Returns the results of the roots, then what is kept, each
    [nodes of the kind, ...] in the order of their numbers.
    """
    table = counts.tolist()
    total = sum(map(sum, table))
    whole = [torch.empty((total, *sizes), dtype=dtype) for dtype, sizes in results]
    rows: list[list[torch.Tensor]] = [[] for _ in kept]
    done = [0] * len(kinds)
    start = 0
    for level in table:
        for k, count in enumerate(level):
            if not count:
                continue
            here = slice(done[k], done[k] + count)
            children = [part.index_select(0, place[here]) for place in places[k] for part in whole]
            made = kinds[k](*(tensor[here] for tensor in data[k]), *children, *operands)
            for part, value in zip(whole, made, strict=False):
                part[start : start + count] = value
            mine = [j for j, (kind, _, _) in enumerate(kept) if kind == k]
            for j, value in zip(mine, made[len(results) :], strict=True):
                rows[j].append(value)
            done[k] += count
            start += count
    stacks = [torch.cat(r) if r else torch.empty((0, *s), dtype=d) for r, (_, d, s) in zip(rows, kept, strict=True)]
    return (*(part.index_select(0, roots) for part in whole), *stacks)


def fold_back(
    kinds: Sequence[Region | None],
    counts: torch.Tensor,
    roots: torch.Tensor,
    places: Parts,
    rows: Parts,
    seeds: Sequence[torch.Tensor],
    operands: Sequence[Any],
) -> Flat:
    """The gradients of the results of all nodes, from those of the roots: `seeds`, each [roots, ...].

    `kinds[k]` takes the gradients of the results of the nodes of one level, the same rows of `rows[k]`, and `operands`;
    it returns the gradients of the results of the children, as `fold_levels` gives them to it, or None for those it
    does not reach. It is None for a kind without children. Returns, for each kind, the gradients of each result of its
    nodes, [nodes of the kind, ...].
    """
    table = counts.tolist()
    start = sum(map(sum, table))
    sums = [torch.zeros((start, *s.shape[1:]), dtype=s.dtype).index_add(0, roots, s) for s in seeds]
    done = [sum(column) for column in zip(*table, strict=True)]
    found: list[list[list[torch.Tensor]]] = [[[] for _ in seeds] for _ in kinds]
    for level in reversed(table):
        for k in reversed(range(len(kinds))):
            count = level[k]
            start -= count
            done[k] -= count
            mine = [total[start : start + count].clone() for total in sums]
            for column, value in zip(found[k], mine, strict=True):
                column.insert(0, value)
            region = kinds[k]
            if region is None or not count:
                continue
            here = slice(done[k], done[k] + count)
            made = region(*mine, *(row[here] for row in rows[k]), *operands)
            for c, place in enumerate(places[k]):
                for total, value in zip(sums, made[c * len(sums) : (c + 1) * len(sums)], strict=True):
                    if value is not None:
                        total.index_add_(0, place[here], value)
    empty = [total[:0] for total in sums]
    return tuple(torch.cat(c) if c else e for columns in found for c, e in zip(columns, empty, strict=True))
