"""Sums of slices that lie in zeros become one `cat`: gradients of `chunk`, `split`, `unbind` come as such sums.

Of each element at most one slice says something, so nothing is added; a zero may lose its sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import fx

from diptych.graph import walk
from diptych.passes.facts import inside

aten = torch.ops.aten


@dataclass(frozen=True)
class Slices:
    """A tensor that is zero but for slices along `dim`: begin, end, value, and whether that lacks the dimension."""

    zeros: fx.Node
    dim: int
    slices: tuple[tuple[int, int, fx.Node, bool], ...]

    def __add__(self, other: Slices) -> Slices | None:
        """The sum; None if it is not of this kind."""
        slices = sorted((*self.slices, *other.slices), key=lambda piece: piece[0])
        apart = all(a[1] <= b[0] for a, b in pairwise(slices))
        return Slices(self.zeros, self.dim, tuple(slices)) if self.dim == other.dim and apart else None


def join(module: fx.GraphModule) -> int:
    """Write sums of slices as `cat`; how many."""
    made = 0
    found: dict[fx.Node, Slices] = {}
    for node in module.graph.nodes:
        made += sum(join(inner) for inner in walk.regions(node))
        slices = slices_of(node, found)
        if slices is not None:
            found[node] = slices
    for node in reversed(list(found)):
        if node.target is aten.add.Tensor and node.users and (whole := written(module, node, found[node])):
            node.replace_all_uses_with(whole)
            made += 1
        if not node.users:
            module.graph.erase_node(node)
    return made


def unjoined(module: fx.GraphModule) -> list[fx.Node]:
    """No sum of slices in zeros is left that can be a `cat`."""
    wrong: list[fx.Node] = []
    for part in inside(module):
        found: dict[fx.Node, Slices] = {}
        for node in part.graph.nodes:
            slices = slices_of(node, found)
            if slices is not None:
                found[node] = slices
        wrong += [n for n, slices in found.items() if n.target is aten.add.Tensor and gaps(n, slices) is not None]
    return wrong


def slices_of(node: fx.Node, found: dict[fx.Node, Slices]) -> Slices | None:
    """What a step gives, if it is slices in zeros."""
    args: Any = node.args
    if node.target is aten.add.Tensor and not node.kwargs and all(isinstance(a, fx.Node) and a in found for a in args):
        a, b = args
        same = a.meta["val"].dtype == b.meta["val"].dtype and a.meta["val"].shape == b.meta["val"].shape
        return found[a] + found[b] if same else None
    if node.target not in (aten.slice_scatter.default, aten.select_scatter.default) or not is_zero(args[0]):
        return None
    value, whole = args[1].meta["val"], node.meta["val"]
    rest: list[Any] = [*args[2:], *([None] * 4)]
    dim = (rest[0] or 0) % whole.dim()
    size = whole.shape[dim]
    if value.dtype != whole.dtype or node.kwargs or not isinstance(size, int):
        return None
    if node.target is aten.select_scatter.default:
        start = rest[1]
        begin = start + size if isinstance(start, int) and start < 0 else start
        return Slices(args[0], dim, ((begin, begin + 1, args[1], True),)) if isinstance(begin, int) else None
    bounds = (0 if rest[1] is None else rest[1], size if rest[2] is None else rest[2])
    if not all(isinstance(bound, int) for bound in bounds) or rest[3] not in (None, 1):
        return None
    begin, end, _ = slice(*bounds).indices(size)
    return Slices(args[0], dim, ((begin, end, args[1], False),)) if begin < end else None


def is_zero(node: Any) -> bool:
    """Whether a value is a tensor of zeros."""
    return (
        isinstance(node, fx.Node) and node.target is aten.full.default and repr(node.args[1]) in ("0", "0.0", "False")
    )


def gaps(node: fx.Node, slices: Slices) -> list[int] | None:
    """How many zeros stand before, between and after the slices; None if their sizes are not known."""
    shape = node.meta["val"].shape
    ends = [0, *(end for _, end, *_ in slices.slices)]
    found = [b - a for a, b in zip(ends, [*(begin for begin, *_ in slices.slices), shape[slices.dim]], strict=True)]
    return None if any(found) and not all(isinstance(size, int) for size in shape) else found


def written(module: fx.GraphModule, node: fx.Node, slices: Slices) -> fx.Node | None:
    """The `cat`, before the sum; None if it would need zeros of a size that only the graph knows."""
    shape, dim = node.meta["val"].shape, slices.dim
    between = gaps(node, slices)
    if between is None:
        return None
    with module.graph.inserting_before(node):

        def step(target: Any, args: Any, kwargs: Any, val: Any) -> fx.Node:
            made = module.graph.call_function(target, args, kwargs)
            made.meta = {**node.meta, "val": val}
            return made

        def filling(gap: int) -> list[fx.Node]:
            sizes = [gap if d == dim else size for d, size in enumerate(shape)]
            zeros = slices.zeros
            val = node.meta["val"].new_empty(sizes)
            return [step(aten.full.default, (sizes, zeros.args[1]), dict(zeros.kwargs), val)] if gap else []

        parts = filling(between[0])
        for (_, _, value, thin), gap in zip(slices.slices, between[1:], strict=True):
            if thin:
                value = step(aten.unsqueeze.default, (value, dim), {}, value.meta["val"].unsqueeze(dim))
            parts += [value, *filling(gap)]
        return step(aten.cat.default, (parts, dim), {}, node.meta["val"])
