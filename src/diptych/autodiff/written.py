"""The result: a graph that is written out, and the graph of its gradient."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from diptych.autodiff.branch import gradients
from diptych.autodiff.expand import Writer, inputs_of, nothing
from diptych.autodiff.part import Part
from diptych.autodiff.values import differentiable
from diptych.graph import walk
from diptych.graph.assembling import assembled
from diptych.graph.regions import Holder, Leak


@dataclass(frozen=True)
class Written:
    """A graph of core operations for inputs of certain types.

    Attributes:
        forward: takes the inputs; gives the outputs, then what the backward graph needs besides the inputs.
        outputs: how many outputs there are.
        differentiable: the numbers of the outputs that gradients may flow into.
        seeded: those of them whose gradients the backward graph takes.
        backward: takes these gradients, then what was saved; gives the gradients of the inputs `wanted`. None if no
            output has a history.
        wanted: the numbers of the inputs that gradients flow to.
        saved: what the backward graph takes after the seeds: numbers of inputs (negative: -1 - i), or of forward's
            outputs.
    """

    forward: fx.GraphModule
    outputs: int
    differentiable: tuple[int, ...] = ()
    seeded: tuple[int, ...] = ()
    backward: fx.GraphModule | None = None
    wanted: tuple[int, ...] = ()
    saved: tuple[int, ...] = ()


def write_out(
    module: fx.GraphModule,
    samples: Sequence[Any],
    grad: bool = True,
    seeded: Collection[int] | None = None,
    volatile: Collection[int] = (),
    bare: Collection[int] = (),
    stop: Callable[[], None] = nothing,
) -> Written:
    """Write a graph out for inputs like `samples` (tensors: their sizes, strides, dtypes and `requires_grad`).

    The backward graph is for gradients of the outputs `seeded` (all, if None); it does not use the inputs `volatile`,
    which are overwritten after the run. The outputs `bare` need no history. `stop` is called before each step, and
    may raise.

    `NotWrittenOut` if it has a step that cannot be.
    """
    writer = Writer(stop)
    try:
        with taken_apart(module):
            return written(writer, module, samples, grad, seeded, volatile, bare)
    except (RuntimeError, TypeError, ValueError, IndexError, AssertionError, Leak) as error:
        said = str(error).splitlines()
        raise writer.recorder.refuse(said[0] if said else repr(error)) from error


@contextmanager
def taken_apart(module: fx.GraphModule) -> Generator[None]:
    """Without the fused recurrent layers of oneDNN, which are one step each."""
    before = torch._C._get_mkldnn_enabled()
    fused = any(name in str(node.target) for node in walk.everything(module) for name in ("lstm", "gru", "rnn"))
    torch._C._set_mkldnn_enabled(before and not fused)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def written(
    writer: Writer,
    module: fx.GraphModule,
    samples: Sequence[Any],
    grad: bool,
    seeded: Collection[int] | None,
    volatile: Collection[int],
    bare: Collection[int],
) -> Written:
    """The same; errors are those of PyTorch."""
    recorder = writer.recorder
    inputs = inputs_of(writer, module, samples)
    places: list[fx.Node] = [node for node in recorder.root.graph.nodes if node.op == "placeholder"]
    recorder.root.volatile = {places[k] for k in volatile}
    with torch.set_grad_enabled(grad):
        values = writer.run(module, inputs)
    if values is None:
        raise recorder.refuse("a graph that always raises")
    given = {id(value) for value in inputs}
    chosen = [k for k, v in enumerate(values) if grad and differentiable(v) and id(v) not in given and k not in bare]
    wanted = [k for k, value in enumerate(inputs) if differentiable(value)]
    if chosen:
        for part, value, expected, what in recorder.uneven:
            if part is not recorder.root or isinstance(value, torch.Tensor):
                raise recorder.refuse(what)
            recorder.require(value, expected, what)
    outputs = [recorder.place(value) for value in apart(recorder, module, values)]
    if not chosen or not wanted:
        forward = recorder.root.finish(outputs, recorder.root.operands)
        complete(recorder)
        return Written(forward, len(outputs))
    part = Part(recorder.parts, None)
    saved: dict[fx.Node, fx.Node] = {}

    def save(node: fx.Node) -> fx.Node:
        if node not in saved:
            saved[node] = part.placeholder(f"saved{len(saved)}", node.meta)
        return saved[node]

    part.saves = save
    with recorder.inside(part):
        seeds: list[torch.Tensor] = []
        sought = [k for k in chosen if seeded is None or k in seeded]
        for k in sought:
            place = part.placeholder(f"seed{k}", {"where": None})
            seeds.append(recorder.fresh(values[k].shape, values[k].dtype, values[k].device))
            recorder.name(place, seeds[-1])
        with recorder:
            found = gradients([values[k] for k in sought], [inputs[k] for k in wanted], seeds)
            for gradient in found:
                if gradient is not None:
                    recorder.require(recorder.reach.of(gradient), True, "a gradient that this path does not reach")
            found = [g if g is None else g.contiguous() for g in found]
        ends = [recorder.place(value) for value in found]
    kept: list[int] = []
    extra: list[fx.Node] = []
    for node in saved:
        if node.op == "placeholder" and node not in recorder.root.volatile:
            kept.append(-1 - places.index(node))
        else:
            if node.op == "placeholder":
                copied = recorder.root.graph.call_function(torch.ops.aten.clone.default, (node,))
                copied.meta = dict(node.meta)
                node = copied
            kept.append(len(outputs) + len(extra))
            extra.append(node)
    forward = recorder.root.finish([*outputs, *extra], recorder.root.operands)
    backward = part.finish(ends, part.operands)
    complete(recorder)
    return Written(forward, len(outputs), tuple(chosen), tuple(sought), backward, tuple(wanted), tuple(kept))


def apart(recorder: Any, module: fx.GraphModule, values: Sequence[Any]) -> list[Any]:
    """Outputs that are other tensors than the inputs, and than each other, where the graph has them so."""
    made: list[Any] = []
    seen: dict[fx.Node, fx.Node | None] = {}
    for place, value in zip(walk.outputs(module), values, strict=True):
        if isinstance(value, torch.Tensor):
            node = recorder.node(value)
            first = seen.setdefault(node, place)
            if first is not place or (node.op == "placeholder" and place.op != "placeholder"):
                made.append(recorder.emit(torch.ops.aten.alias.default, (node,)))
                made[-1].meta |= recorder.meta(value)
                continue
        made.append(value)
    return made


def complete(recorder: Any) -> None:
    """Make the code of all parts, once no more is saved by any; loops that run again get regions of their own."""
    for node in recorder.repeated:
        owner = walk.owner(node)
        for named in node.args[:2]:
            setattr(owner, str(named.target), copied(walk.attribute(owner, str(named.target))))
    for inner in recorder.parts:
        if inner.owning_module is not None:
            inner.owning_module.recompile()


def copied(module: fx.GraphModule) -> fx.GraphModule:
    """A copy of a region, and of the regions inside of it."""
    graph = fx.Graph()
    members: dict[str, Any] = {}
    env: dict[fx.Node, fx.Node] = {}
    for node in module.graph.nodes:
        env[node] = graph.node_copy(node, lambda n: env[n])
        if node.op == "get_attr":
            found = walk.attribute(module, str(node.target))
            members[str(node.target)] = copied(found) if isinstance(found, fx.GraphModule) else found
    return assembled(Holder(members), graph)
