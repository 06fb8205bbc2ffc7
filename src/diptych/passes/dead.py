"""Dead code: steps whose results nobody uses, unless they might fail."""

from __future__ import annotations

from torch import fx

from diptych.graph import walk
from diptych.passes.facts import inside
from diptych.passes.purity import computes, may_fail


def eliminate(module: fx.GraphModule) -> int:
    """Erase what is not used, in regions too; how many steps went."""
    gone = 0
    for node in reversed(list(module.graph.nodes)):
        if node.op in ("placeholder", "output"):
            continue
        named = walk.region(node) is not None
        if not node.users and (named or (computes(node) and not may_fail(node))):
            module.graph.erase_node(node)
            gone += 1
        else:
            gone += sum(eliminate(inner) for inner in walk.regions(node))
    return gone


def unused(module: fx.GraphModule) -> list[fx.Node]:
    """Every step that only computes is used."""
    return [
        node
        for part in inside(module)
        for node in part.graph.nodes
        if node.op == "call_function" and not node.users and computes(node) and not may_fail(node)
    ]
