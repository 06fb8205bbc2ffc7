"""Products of one matrix with several others that stay the same through a loop are one product.

The others are put side by side once, in front of the loop (by `hoist`); in each round there is one product instead of
several: the gates of a recurrent cell that was written out by hand. Outside of loops putting them together would cost
as much as it saves. Small products are left, too: native code does them in place, and four gates of 64 columns and 8
rows took 1.08 times as long as one product; those of 128 columns and 16 rows, which MKL does, took 0.92 to 0.97 times.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from diptych.graph import walk
from diptych.graph.control import scan, while_loop, while_stack
from diptych.passes.facts import fixed
from diptych.passes.hoist import invariant

aten = torch.ops.aten
LARGE = 64 * 64 * 64
"""From how many multiplications on products are put together."""


def batch(module: fx.GraphModule) -> int:
    """Put products in loops together; how many are gone."""
    gone = 0
    for node in list(module.graph.nodes):
        gone += sum(batch(inner) for inner in walk.regions(node))
        if node.target in (while_loop, while_stack, scan):
            body = walk.regions(node)[-1]
            gone += sum(together(body, products, steady(node, body)) for products in groups(node, body))
    return gone


def apart(module: fx.GraphModule) -> list[fx.Node]:
    """No loop multiplies one matrix by several that stay the same."""
    wrong: list[fx.Node] = []
    for node in module.graph.nodes:
        for inner in walk.regions(node):
            wrong += apart(inner)
        if node.target in (while_loop, while_stack, scan):
            wrong += [products[0] for products in groups(node, walk.regions(node)[-1])]
    return wrong


def groups(loop: fx.Node, body: fx.GraphModule) -> list[list[fx.Node]]:
    """The products in the body of a loop that have the left matrix in common, and steady right ones."""
    same = steady(loop, body)
    found: dict[fx.Node, list[fx.Node]] = {}
    for node in body.graph.nodes:
        if node.target is not aten.mm.default or node.kwargs:
            continue
        left, right = node.args
        values = [left.meta.get("val"), right.meta.get("val")]
        known = all(isinstance(value, torch.Tensor) and fixed(value) for value in values)
        if known and values[0].shape[0] * values[1].numel() >= LARGE and right in same and left not in same:
            found.setdefault(left, []).append(node)
    return [products for products in found.values() if len(products) > 1]


def steady(loop: fx.Node, body: fx.GraphModule) -> set[fx.Node]:
    """What is the same in each round."""
    operands: Any = loop.args[3]
    parameters = walk.placeholders(body)
    outside = set(parameters[len(parameters) - len(operands) :])
    return outside | invariant(body, outside)


def together(body: fx.GraphModule, products: list[fx.Node], same: set[fx.Node]) -> int:
    """One product in place of several, where the first one stands, after all that is steady; how many are gone."""
    graph, first = body.graph, products[0]
    nodes = list(graph.nodes)
    for node in nodes[nodes.index(first) + 1 :]:
        if node in same:
            first.prepend(node)
    left: Any = first.args[0]
    rights: list[Any] = [product.args[1] for product in products]
    values = [right.meta["val"] for right in rights]

    def step(target: Any, args: Any, val: torch.Tensor) -> fx.Node:
        made = graph.call_function(target, args)
        made.meta = {**first.meta, "val": val}
        return made

    with graph.inserting_before(first):
        matrix = step(aten.cat.default, (rights, 1), torch.cat(values, 1))
        whole = step(aten.mm.default, (left, matrix), left.meta["val"] @ matrix.meta["val"])
        begin = 0
        for product, value in zip(products, values, strict=True):
            end = begin + value.shape[1]
            part = step(aten.slice.Tensor, (whole, 1, begin, end), whole.meta["val"][:, begin:end])
            product.replace_all_uses_with(part)
            begin = end
    for product in products:
        graph.erase_node(product)
    return len(products) - 1
