"""Common subexpressions: a step that has been done on the same values is not done again."""

from __future__ import annotations

from typing import Any

from torch import fx

from diptych.graph import walk
from diptych.graph.control import Function, cond, while_loop, while_stack
from diptych.graph.fold import Fold
from diptych.passes.facts import inside
from diptych.passes.purity import computes, is_view


def share(module: fx.GraphModule) -> int:
    """Use the first of equal steps for all, in each region; how many steps went.

    Tensors that are results stay apart: a caller may write into them.
    """
    gone = 0
    apart = results(module)
    seen: dict[Any, fx.Node] = {}
    for node in list(module.graph.nodes):
        inner = walk.regions(node)
        gone += sum(share(region) for region in inner)
        if node.op != "call_function" or inner or node in apart or not computes(node):
            continue
        key = key_of((node.target, node.args, node.kwargs))
        first = seen.get(key)
        if first is None:
            seen[key] = node
        else:
            node.replace_all_uses_with(first)
            module.graph.erase_node(node)
            gone += 1
    return gone


def shared(module: fx.GraphModule) -> list[fx.Node]:
    """No step does what another one of its region has done."""
    wrong: list[fx.Node] = []
    for part in inside(module):
        apart, seen = results(part), set[Any]()
        for node in part.graph.nodes:
            if node.op == "call_function" and not walk.regions(node) and node not in apart and computes(node):
                key = key_of((node.target, node.args, node.kwargs))
                wrong += [node] if key in seen else []
                seen.add(key)
    return wrong


def results(module: fx.GraphModule) -> set[fx.Node]:
    """The outputs, what they are views of, and what a branch or a loop may give as it is."""
    found: set[fx.Node] = set()
    todo = [value for value in walk.outputs(module) if isinstance(value, fx.Node)]
    todo += [value for node in module.graph.nodes for value in given_on(node)]
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            if is_view(node):
                todo += node.all_input_nodes[:1]
    return found


def given_on(node: fx.Node) -> list[fx.Node]:
    """The tensors that a step with regions, or a call, may give as they are."""
    regions = walk.regions(node)
    if not regions and not isinstance(node.target, Function | Fold):
        return []
    args: Any = node.args
    if node.target is cond:
        given = args[3]
    elif node.target in (while_loop, while_stack):
        given = (*args[2], *args[3])
    else:
        return node.all_input_nodes
    loops = node.target is not cond
    passed = {place for region in regions[loops:] for place in results(region)}
    through = [walk.placeholders(region) for region in regions[loops:]]
    first = len(args[2]) if loops else 0
    return [
        value
        for k, value in enumerate(given)
        if isinstance(value, fx.Node) and (k < first or any(places[k] in passed for places in through))
    ]


def key_of(value: Any) -> Any:
    """A hashable stand-in for arguments; constants with their type (1, 1.0 and True are equal otherwise)."""
    match value:
        case fx.Node():
            return value
        case tuple() | list():
            return tuple(key_of(part) for part in value)
        case dict():
            return tuple(sorted((name, key_of(part)) for name, part in value.items()))
        case slice():
            return ("slice", key_of((value.start, value.stop, value.step)))
        case _:
            return (type(value), repr(value))
