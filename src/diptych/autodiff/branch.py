"""Branches: both sides are written out, each as a part; so is the gradient of each side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.autodiff.control_function import connect
from diptych.autodiff.part import Part
from diptych.autodiff.values import Opaque, differentiable, named
from diptych.graph.control import cond
from diptych.graph.regions import union
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.expand import Writer

ZEROS = {"bool": False, "int": 0, "float": 0.0}


def write_cond(writer: Writer, node: fx.Node, pred: Any, then: Any, orelse: Any, operands: Sequence[Any]) -> Any:
    """Write a branch; its results."""
    recorder = writer.recorder
    if isinstance(pred, bool):
        made = writer.run(then if pred else orelse, operands)
        if made is None:
            raise recorder.refuse("a branch that always raises")
        return made
    grad = torch.is_grad_enabled() and any(map(differentiable, operands))
    leaves = [recorder.leaf(value, True) if grad and differentiable(value) else value for value in operands]
    parts: list[Part] = []
    outs: list[Any] = []
    for module in (then, orelse):
        part = Part(recorder.parts, recorder.part)
        with recorder.inside(part), recorder.cuts.region(leaves, operands):
            outs.append(writer.run(module, leaves))
        parts.append(part)
    branch = Branch(writer, pred, parts, leaves, outs, node.meta["spec"])
    branch.results, wanted = branch.write()
    if grad:
        connect(recorder, branch, branch.results, wanted, list(operands))
    return tuple(branch.results)


class Branch:
    """A branch that is being written; `outs` are what its sides give (None for one that ends in an exception)."""

    def __init__(
        self, writer: Writer, pred: Any, parts: list[Part], leaves: list[Any], outs: list[Any], specs: Sequence[Spec]
    ) -> None:
        self.recorder = writer.recorder
        self.pred = pred
        self.parts = parts
        self.leaves = leaves
        self.specs = specs
        self.outs = [out if out is not None else (None,) * len(specs) for out in outs]
        self.results: list[Any] = []
        self.wanted: list[bool] = []
        self.exposed: dict[fx.Node, fx.Node] = {}
        self.refuse = self.recorder.refuse

    def write(self) -> tuple[list[Any], list[bool]]:
        """Close the sides and make the node; the results, and which of them gradients may flow into."""
        recorder = self.recorder
        for part in self.parts:
            part.site = self
        self.outs = [self.compact(part, out) for part, out in zip(self.parts, self.outs, strict=True)]
        placed: list[list[Any]] = []
        for part, out in zip(self.parts, self.outs, strict=True):
            with recorder.inside(part):
                placed.append([recorder.place(value) for value in out])
        operands = union(self.parts)
        sides = [part.finish(nodes, operands) for part, nodes in zip(self.parts, placed, strict=True)]
        here = recorder.part
        names = [here.module(name, side) for name, side in zip(("then", "orelse"), sides, strict=True)]
        self.node = here.graph.call_function(cond, (recorder.place(self.pred), *names, tuple(operands)))
        self.node.meta = {"where": recorder.where, "spec": (), "val": ()}
        self.last = self.node
        results = [self.join(k, *pair) for k, pair in enumerate(zip(*self.outs, strict=True))]
        self.wanted = [any(differentiable(out[k]) for out in self.outs) for k in range(len(results))]
        return results, self.wanted

    def compact(self, part: Part, out: Sequence[Any]) -> list[Any]:
        """Results have their elements one after the other."""
        with self.recorder.inside(part), self.recorder:
            return [v.contiguous() if isinstance(v, torch.Tensor) else v for v in out]

    def join(self, index: int, a: Any, b: Any) -> Any:
        """Result number `index`, which is `a` or `b`."""
        recorder = self.recorder
        made = recorder.item(self.node, index)
        self.last = made
        if isinstance(a, Opaque) or isinstance(b, Opaque):
            made.meta |= {"spec": self.specs[index], "val": None}
            value: Any = Opaque(made)
        elif isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
            one, other = (a, b) if isinstance(a, torch.Tensor) else (b, a)
            other = one if other is None else other
            if not isinstance(other, torch.Tensor) or other.dim() != one.dim() or other.dtype != one.dtype:
                raise recorder.refuse("a branch whose sides give values of different types")
            spec = TensorSpec(one.dtype, ("",) * one.dim(), str(one.device))
            value = named(recorder, spec, made, self.sizes(one, other))
            if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.requires_grad != b.requires_grad:
                what = "a result that requires a gradient on one side of a branch only"
                recorder.uneven.append((recorder.part, self.pred, a.requires_grad, what))
        elif a is None and b is None:
            value = named(recorder, AbsentSpec(), made)
        else:
            spec = self.specs[index]
            if not isinstance(spec, NumberSpec):
                raise recorder.refuse("a number where a branch was to give a tensor")
            value = named(recorder, spec, made)
        self.node.meta["val"] += (made.meta["val"],)
        self.node.meta["spec"] += (made.meta["spec"],)
        return value

    def sizes(self, a: torch.Tensor, b: torch.Tensor) -> list[Any]:
        """The sizes of what is one of two tensors."""
        found: list[Any] = []
        for x, y in zip(a.shape, b.shape, strict=True):
            same = x is y or str(x) == str(y)
            found.append(x if same else self.recorder.shapes.create_unbacked_symint())
        return found

    def expose(self, part: Part, node: fx.Node) -> fx.Node:
        """A value from inside a side, as one more result; nothing, or zero, where the other side is taken."""
        if node not in self.exposed:
            spec = node.meta["spec"]
            other = ZEROS[spec.kind] if isinstance(spec, NumberSpec) else None
            for side in self.parts:
                last = side.graph.output_node()
                last.args = ((*last.args[0], node if side is part else other),)  # type: ignore[misc]
            index = len(self.node.meta["spec"])
            with self.node.graph.inserting_after(self.last):
                made = self.recorder.item(self.node, index)
            made.meta |= {"val": node.meta["val"], "spec": node.meta["spec"]}
            self.node.meta["val"] += (made.meta["val"],)
            self.node.meta["spec"] += (made.meta["spec"],)
            self.last = self.exposed[node] = made
        return self.exposed[node]

    def enter(self, reverse: Part, node: fx.Node) -> fx.Node:
        """Only loops are gone back over."""
        raise AssertionError("a branch has no rounds")

    def gradient(self, seeds: Sequence[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """Write the gradient: a branch, too."""
        recorder = self.recorder
        inputs = [leaf for leaf in self.leaves if differentiable(leaf)]
        given = iter(seeds)
        seeded = [next(given) if want else None for want in self.wanted]
        parts: list[Part] = []
        found: list[list[torch.Tensor | None]] = []
        for out in self.outs:
            part = Part(recorder.parts, recorder.part)
            pairs = [(v, s) for v, s in zip(out, seeded, strict=True) if differentiable(v) and s is not None]
            with recorder.inside(part):
                found.append(gradients([v for v, _ in pairs], inputs, [s for _, s in pairs]))
            parts.append(part)
        used = [k for k in range(len(inputs)) if any(grads[k] is not None for grads in found)]
        if not used:
            return [None] * len(inputs)
        flags = [[recorder.reach.of(grads[k]) for k in used] for grads in found]
        partial = [i for i in range(len(used)) if any(side[i] is not True for side in flags)]
        outs: list[list[Any]] = []
        for part, grads, side in zip(parts, found, flags, strict=True):
            with recorder.inside(part), recorder:
                made = [zeros_like(inputs[k]) if (g := grads[k]) is None else g for k in used]
            outs.append([*made, *(side[i] for i in partial)])
        specs: list[Spec] = [TensorSpec(inputs[k].dtype, ()) for k in used]
        specs += [NumberSpec("bool")] * len(partial)
        back = Branch.__new__(Branch)
        back.__dict__.update(self.__dict__, parts=parts, outs=outs, specs=specs, exposed={})
        results, _ = back.write()
        for i, flag in zip(partial, results[len(used) :], strict=True):
            recorder.reach.mark(results[i], flag)
        ends: list[torch.Tensor | None] = [None] * len(inputs)
        for k, value in zip(used, results, strict=False):
            ends[k] = value
        return ends


def gradients(outputs: list[Any], inputs: list[torch.Tensor], seeds: list[Any]) -> list[torch.Tensor | None]:
    """Gradients as they are recorded; None for what is not reached."""
    if not outputs or not inputs:
        return [None] * len(inputs)
    return list(torch.autograd.grad(outputs, inputs, seeds, retain_graph=True, allow_unused=True))


def zeros_like(value: torch.Tensor) -> torch.Tensor:
    """Zeros of the sizes of a tensor."""
    return torch.zeros(value.shape, dtype=value.dtype, device=value.device)
