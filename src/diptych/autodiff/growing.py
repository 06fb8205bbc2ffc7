"""Lists that grow by an item a round: the loop keeps the items as rows, instead of carrying all of them around.

A carried value that each round only appends a row to is a result with a row for each round (`while_stack`), and the
gradient takes its rows back, a round for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.graph import walk
from diptych.graph.assembling import assembled
from diptych.graph.spec import TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.recorder import Recorder

aten = torch.ops.aten


@dataclass(frozen=True)
class Growing:
    """A loop without the values that only grow.

    `test` and `body` take the values numbered `carried`; after them, the body gives a row, `[1, *sizes]`, for each of
    the values numbered `grown`.
    """

    test: fx.GraphModule
    body: fx.GraphModule
    carried: tuple[int, ...]
    grown: tuple[int, ...]


def told_apart(test: fx.GraphModule, body: fx.GraphModule, initial: Sequence[Any]) -> Growing:
    """The loop, with the values that each round only appends a row to apart from the others."""
    found = {k: row for k, value in enumerate(initial) if (row := appended(test, body, k, value)) is not None}
    grown = tuple(found)
    carried = tuple(k for k in range(len(initial)) if k not in found)
    if not grown:
        return Growing(test, body, carried, grown)
    outputs = walk.outputs(body)
    rows = [outputs[k] for k in carried] + [found[k] for k in grown]
    return Growing(without(test, grown, list(walk.outputs(test))), without(body, grown, rows), carried, grown)


def appended(test: fx.GraphModule, body: fx.GraphModule, index: int, initial: Any) -> fx.Node | None:
    """What a round appends to carried value `index`; None if it does something else with it, too."""
    if walk.diverges(body) or not isinstance(initial, torch.Tensor) or initial.dim() == 0:
        return None
    if walk.placeholders(test)[index].users:
        return None
    place, made = walk.placeholders(body)[index], walk.outputs(body)[index]
    if not isinstance(made, fx.Node) or made.target is not aten.cat.default or set(place.users) != {made}:
        return None
    if set(made.users) != {body.graph.output_node()}:
        return None
    parts: Any = made.args[0]
    dim = made.args[1] if len(made.args) > 1 else made.kwargs.get("dim", 0)
    if dim != 0 or len(parts) != 2 or parts[0] is not place or parts[1] is place:
        return None
    spec = parts[1].meta.get("spec")
    if not isinstance(spec, TensorSpec) or spec.dtype != initial.dtype or len(spec.shape) != initial.dim():
        return None
    return parts[1] if spec.shape[0] == 1 and sum(v is made for v in walk.outputs(body)) == 1 else None


def without(module: fx.GraphModule, gone: Sequence[int], outputs: Sequence[Any]) -> fx.GraphModule:
    """A copy of a region without some of its inputs, with other outputs."""
    graph = fx.Graph()
    env: dict[fx.Node, fx.Node] = {}
    dropped = {walk.placeholders(module)[k] for k in gone}
    for node in module.graph.nodes:
        if node in dropped or node.op == "output" or any(source in dropped for source in node.all_input_nodes):
            continue
        env[node] = graph.node_copy(node, lambda n: env[n])
    last = graph.output(tuple(env[v] if isinstance(v, fx.Node) else v for v in outputs))
    last.meta = {k: v for k, v in module.graph.output_node().meta.items() if k != "spec"}
    return assembled(module, graph)


def result(recorder: Recorder, initial: torch.Tensor, stacked: torch.Tensor) -> torch.Tensor:
    """A list after the loop: what it began with, then the rows."""
    with recorder:
        return stacked if initial.shape[0] == 0 else torch.cat([initial, stacked])
