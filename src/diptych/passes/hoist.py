"""Loop-invariant code: what is the same in each round is computed once, before the loop."""

from __future__ import annotations

from typing import Any

from torch import fx

from diptych.graph import walk
from diptych.graph.control import scan, while_loop, while_stack
from diptych.passes.facts import inside
from diptych.passes.purity import computes, is_view, may_fail


def hoist(module: fx.GraphModule) -> int:
    """Move invariant steps out of loops, inner loops first; how many were moved."""
    moved = 0
    for node in list(module.graph.nodes):
        moved += sum(hoist(inner) for inner in walk.regions(node))
        if node.target in (while_loop, while_stack, scan):
            moved += before(module, node)
    return moved


def before(module: fx.GraphModule, loop: fx.Node) -> int:
    """Move the invariant steps of one loop's body in front of it."""
    regions = walk.regions(loop)
    body = regions[-1]
    operands: Any = loop.args[3]
    parameters = walk.placeholders(body)
    fixed = parameters[len(parameters) - len(operands) :]
    outer: dict[fx.Node, fx.Node] = dict(zip(fixed, operands, strict=True))
    steady = invariant(body, set(fixed))
    found = [node for node in body.graph.nodes if node in steady and costs(node)]
    wanted = [node for node in found if any(user not in steady for user in node.users)]
    if not wanted:
        return 0
    made: dict[fx.Node, fx.Node] = {}

    def outside(node: fx.Node) -> fx.Node:
        """The same value in front of the loop."""
        if node in outer:
            return outer[node]
        if node not in made:
            if node.op == "get_attr":
                name = f"{str(node.target).replace('.', '_')}_{len(list(module.children()))}_{len(made)}"
                setattr(module, name, walk.attribute(body, str(node.target)))
                with module.graph.inserting_before(loop):
                    made[node] = module.graph.get_attr(name)
            else:
                args: Any = fx.map_arg((node.args, node.kwargs), outside)
                with module.graph.inserting_before(loop):
                    made[node] = module.graph.call_function(node.target, *args)  # type: ignore[arg-type]
            made[node].meta = dict(node.meta)
        return made[node]

    for node in wanted:
        whole = outside(node)
        operands = (*operands, whole)
        for region in regions:
            last = walk.placeholders(region)[-1]
            with region.graph.inserting_after(last):
                place = region.graph.placeholder(f"h{len(operands)}")
            place.meta = dict(node.meta)
            if region is body:
                outer[place] = whole
                node.replace_all_uses_with(place)
    loop.args = (*loop.args[:3], operands, *loop.args[4:])
    return len(wanted)


def invariant(body: fx.GraphModule, fixed: set[fx.Node]) -> set[fx.Node]:
    """The steps of a body that depend on nothing that changes."""
    steady = set(fixed)
    for node in body.graph.nodes:
        plain = node.op in ("call_function", "get_attr") and not walk.regions(node) and walk.region(node) is None
        if plain and computes(node) and not may_fail(node) and all(source in steady for source in node.all_input_nodes):
            steady.add(node)
    return steady - fixed


def costs(node: fx.Node) -> bool:
    """Whether a step is worth moving: it computes something, of values that are not constants."""
    return node.op == "call_function" and not is_view(node) and bool(node.all_input_nodes)


def unhoisted(module: fx.GraphModule) -> list[fx.Node]:
    """No step of a loop that costs something is the same in each round and used by one that is not."""
    wrong: list[fx.Node] = []
    for part in inside(module):
        for loop in part.graph.nodes:
            if loop.target in (while_loop, while_stack, scan):
                body = walk.regions(loop)[-1]
                parameters = walk.placeholders(body)
                steady = invariant(body, set(parameters[len(parameters) - len(loop.args[3]) :]))
                wrong += [n for n in steady if costs(n) and any(user not in steady for user in n.users)]
    return wrong
