"""Reading a graph: its nodes, its regions, its functions, and the spec of each value."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx

from diptych.graph.control import Function, Outermost, Raise, cond, scan, while_loop, while_stack
from diptych.graph.fold import Fold
from diptych.graph.levels import fold_back, fold_levels
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, Where

ValueSpec = Spec | tuple[Spec, ...]


def attribute(module: torch.nn.Module, path: str) -> Any:
    """What the `get_attr` target `path` names in `module`; None if there is nothing."""
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def owner(node: fx.Node) -> fx.GraphModule:
    """The module whose graph holds `node`."""
    module = node.graph.owning_module
    assert module is not None, f"the graph of {node} belongs to no module"
    return module


def region(value: object) -> fx.GraphModule | None:
    """The region that `value` names if it is a `get_attr` node of one, else None."""
    if not isinstance(value, fx.Node) or value.op != "get_attr":
        return None
    found = attribute(owner(value), str(value.target))
    return found if isinstance(found, fx.GraphModule) else None


def regions(node: fx.Node) -> tuple[fx.GraphModule, ...]:
    """The regions of a `cond` (then, else), a loop (test, body), a `scan` (body), a fold (kinds); else nothing."""
    match node.target:
        case target if target is cond:
            named = node.args[1:3]
        case target if target is while_loop or target is while_stack:
            named = node.args[0:2]
        case target if target is scan:
            named = node.args[0:1]
        case target if target is fold_levels or target is fold_back:
            named = tuple(node.args[0])  # type: ignore[arg-type]
        case _:
            return ()
    found = tuple(region(value) for value in named)
    return tuple(module for module in found if module is not None)


def operands(node: fx.Node) -> tuple[Any, ...]:
    """The values that the regions of a control-flow node, or the body of a call, receive."""
    if node.target is cond:
        return tuple(node.args[3])  # type: ignore[arg-type]
    if node.target is while_loop or node.target is while_stack:
        return (*node.args[2], *node.args[3])  # type: ignore[misc]
    if node.target is scan:
        return (*node.args[1], *node.args[2], *node.args[3])  # type: ignore[misc]
    return tuple(node.args)


def placeholders(module: fx.GraphModule) -> list[fx.Node]:
    """The parameters of a module, in order."""
    return [node for node in module.graph.nodes if node.op == "placeholder"]


def steps(module: fx.GraphModule) -> Iterator[fx.Node]:
    """The nodes that do something: neither parameters, nor names of regions, nor the output."""
    for node in module.graph.nodes:
        if node.op == "call_function" or (node.op == "get_attr" and region(node) is None):
            yield node


def outputs(module: fx.GraphModule) -> tuple[Any, ...]:
    """What a module returns: nodes, Python numbers, or None."""
    last = next(node for node in reversed(module.graph.nodes) if node.op == "output")
    flat = last.args[0]
    return tuple(flat) if isinstance(flat, tuple | list) else (flat,)


def called(node: fx.Node) -> tuple[Function, ...]:
    """The functions that a node calls: one if it is a call, one for each kind if it is a fold."""
    if isinstance(node.target, Function):
        return (node.target,)
    if isinstance(node.target, Outermost):
        return (node.target.function,)
    return node.target.kinds if isinstance(node.target, Fold) else ()


def functions(module: fx.GraphModule) -> list[Function]:
    """Every function called from `module`, directly or not, once each, in order of first appearance."""
    found: dict[int, Function] = {}

    def visit(inside: fx.GraphModule) -> None:
        for node in inside.graph.nodes:
            for inner in regions(node):
                visit(inner)
            for target in called(node):
                if id(target) not in found:
                    found[id(target)] = target
                    if target.body is not None:
                        visit(target.body)

    visit(module)
    return list(found.values())


def everything(module: fx.GraphModule) -> Iterator[fx.Node]:
    """Every step of a module, of its regions, and of the functions it calls; each once, in order of the text."""

    def visit(inside: fx.GraphModule) -> Iterator[fx.Node]:
        for node in steps(inside):
            yield node
            for inner in regions(node):
                yield from visit(inner)

    yield from visit(module)
    for function in functions(module):
        if function.body is not None:
            yield from visit(function.body)


def spec_of(value: object) -> ValueSpec | None:
    """The spec of an argument or output: of a node, of a Python number, or of None; None if it has no spec."""
    match value:
        case fx.Node():
            return value.meta.get("spec")
        case bool():
            return NumberSpec("bool")
        case int():
            return NumberSpec("int")
        case float():
            return NumberSpec("float")
        case None:
            return AbsentSpec()
        case _:
            return None


def where_of(node: fx.Node) -> Where | None:
    """The place in the user's source that `node` comes from, if it is known."""
    return node.meta.get("where")


def diverges(module: fx.GraphModule) -> bool:
    """Whether every run of a module ends in an exception: its last step is a `Raise`, or has only such sides."""
    last = next((node for node in reversed(module.graph.nodes) if node.op == "call_function"), None)
    if last is None:
        return False
    if isinstance(last.target, Raise):
        return True
    return last.target is cond and len(sides := regions(last)) == 2 and all(map(diverges, sides))


def component(node: fx.Node) -> tuple[fx.Node, int] | None:
    """For `operator.getitem(whole, k)` on a value with several parts: `(whole, k)`; else None."""
    if node.op != "call_function" or node.target is not operator.getitem or len(node.args) != 2:
        return None
    whole, index = node.args
    if isinstance(whole, fx.Node) and isinstance(whole.meta.get("spec"), tuple) and isinstance(index, int):
        return whole, index
    return None


def parts(node: fx.Node) -> tuple[Spec, ...] | None:
    """The specs of the parts of a value with several parts, else None."""
    spec = node.meta.get("spec")
    return spec if isinstance(spec, tuple) else None
