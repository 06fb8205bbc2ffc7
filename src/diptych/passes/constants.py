"""Constant folding: what is computed of constants alone is computed once, when the graph is made.

Tensors of equal elements become `full`, which costs nothing where it is used; others are kept with the graph, up to
`LARGEST` elements.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import fx
from torch.utils._python_dispatch import _disable_current_modes

from diptych.graph import walk
from diptych.passes.common import results
from diptych.passes.facts import fixed, inside
from diptych.passes.purity import computes, may_fail

aten = torch.ops.aten
LARGEST = 4096
"""Up to how many elements a constant may have that is kept with a graph."""
LIKE = {aten.full_like.default: None, aten.zeros_like.default: 0, aten.ones_like.default: 1}
"""Constants of the sizes of a tensor: the element, or None if it is an argument."""


def fold(module: fx.GraphModule) -> int:
    """Replace what constants give by constants; how many steps."""
    done = 0
    for part in inside(module):
        apart = results(part)
        known: dict[fx.Node, torch.Tensor] = {}
        for node in list(part.graph.nodes):
            value = constant_of(part, node, known)
            if value is None:
                continue
            known[node] = value
            if node in apart or node.op == "get_attr" or node.target is aten.full.default:
                continue
            made = written(part, node, value)
            known[made] = value
            node.replace_all_uses_with(made)
            part.graph.erase_node(node)
            done += 1
    return done


def unfolded(module: fx.GraphModule) -> list[fx.Node]:
    """No step computes something of constants alone."""
    wrong: list[fx.Node] = []
    for part in inside(module):
        apart, known = results(part), dict[fx.Node, torch.Tensor]()
        for node in part.graph.nodes:
            value = constant_of(part, node, known)
            if value is not None:
                known[node] = value
                if node not in apart and node.op != "get_attr" and node.target is not aten.full.default:
                    wrong.append(node)
    return wrong


def constant_of(module: fx.GraphModule, node: fx.Node, known: dict[fx.Node, torch.Tensor]) -> torch.Tensor | None:
    """The value of a step of which everything is known when the graph is made, as PyTorch computes it."""
    if node.op == "get_attr":
        found = walk.attribute(module, str(node.target))
        return found if isinstance(found, torch.Tensor) and small(found) else None
    value = node.meta.get("val")
    target: Any = node.target
    if not isinstance(target, torch._ops.OpOverload) or not isinstance(value, torch.Tensor) or not small(value):
        return None
    if target in LIKE and value.is_contiguous():
        element = node.args[1] if LIKE[target] is None else LIKE[target]
        return (
            None if isinstance(element, fx.Node) else made(aten.full.default, (list(value.shape), element), like(value))
        )
    if not computes(node) or may_fail(node) or any(source not in known for source in node.all_input_nodes):
        return None
    args, kwargs = fx.map_arg((node.args, node.kwargs), lambda source: known[source])
    found = made(target, args, kwargs)
    return found if isinstance(found, torch.Tensor) and alike(found, value) else None


def made(target: Any, args: Any, kwargs: Any) -> Any:
    """What an operation gives for these values; None if it raises."""
    try:
        with torch.no_grad(), _disable_current_modes():
            return target(*args, **kwargs)
    except Exception:
        return None


def small(value: torch.Tensor) -> bool:
    """Whether a tensor is on the CPU, of known sizes, and not large."""
    return fixed(value) and value.device.type == "cpu" and math.prod(value.shape) <= LARGEST


def alike(found: torch.Tensor, value: torch.Tensor) -> bool:
    """Whether a tensor is what the graph says of it."""
    same = (found.dtype, found.shape, found.layout) == (value.dtype, value.shape, value.layout)
    return same and found.stride() == value.stride()


def like(value: torch.Tensor) -> dict[str, Any]:
    """The options of a constant."""
    return {"dtype": value.dtype, "layout": torch.strided, "device": value.device, "pin_memory": False}


def uniform(value: torch.Tensor) -> bool:
    """Whether all elements are the same, to the bit."""
    if not value.numel() or value.is_complex() or not value.is_contiguous():
        return False
    flat = value.reshape(-1)
    if value.is_floating_point():
        whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[value.element_size()]
        flat = flat.view(whole)
    number = value.reshape(-1)[0].item()
    return bool((flat == flat[0]).all()) and number == number


def written(module: fx.GraphModule, node: fx.Node, value: torch.Tensor) -> fx.Node:
    """A step that gives a constant, before `node`."""
    with module.graph.inserting_before(node):
        if uniform(value):
            args = (list(value.shape), value.reshape(-1)[0].item())
            result = module.graph.call_function(aten.full.default, args, like(value))
        else:
            name = f"folded_{len(list(module.buffers(recurse=False)))}"
            module.register_buffer(name, value.clone(memory_format=torch.preserve_format), persistent=False)
            result = module.graph.get_attr(name)
    result.meta = dict(node.meta)
    return result
