"""Facts about graphs that passes rely on, or bring about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import fx

from diptych.graph import walk


def inside(module: fx.GraphModule) -> Iterator[fx.GraphModule]:
    """A graph and the regions in it, the inner ones first."""
    for node in module.graph.nodes:
        for inner in walk.regions(node):
            yield from inside(inner)
    yield module


def fixed(value: torch.Tensor) -> bool:
    """Whether the sizes of a tensor are known when the graph is made."""
    sizes: tuple[Any, ...] = tuple(value.shape)
    return all(isinstance(size, int) for size in sizes)


def written_out(module: fx.GraphModule) -> list[fx.Node]:
    """Operations of ATen know the value they give, and write into none of their arguments."""
    return [
        node
        for part in inside(module)
        for node in part.graph.nodes
        if isinstance(node.target, torch._ops.OpOverload)
        and (("val" not in node.meta and "spec" not in node.meta) or node.target._schema.is_mutable)
    ]


def in_order(module: fx.GraphModule) -> list[fx.Node]:
    """Each step uses what came before it in the same region."""
    wrong: list[fx.Node] = []
    for part in inside(module):
        seen: set[fx.Node] = set()
        for node in part.graph.nodes:
            if any(source not in seen for source in node.all_input_nodes):
                wrong.append(node)
            seen.add(node)
    return wrong
