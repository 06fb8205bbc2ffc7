"""Gradients of recursive functions: each call keeps what its gradient needs, and the way back is recursive, too.

The calls of a run are numbered as they end. A call has its number as one more result, which belongs to what the call
around it keeps; so the way back finds what a call has kept, in whatever order it goes. What a call hands on to the
calls inside of it as it is (weights, say) is not kept, but a value of the outside.

The same operands require a gradient in all calls; where they do not (an accumulator that begins with zeros), whether a
result requires one is for the run to tell, and the function is refused.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.autodiff.branch import gradients, zeros_like
from diptych.autodiff.control_function import connect
from diptych.autodiff.part import Part
from diptych.autodiff.recursion_types import check_results, check_specs, results_of, value_of
from diptych.autodiff.values import differentiable, named
from diptych.graph.control import Function, Outermost
from diptych.graph.spec import NumberSpec, Spec, TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.expand import Writer

aten = torch.ops.aten
ATTEMPTS = 8
"""How often a function, or the way back, is written at most until what is known of it stays the same."""
DTYPES = {"bool": torch.bool, "int": torch.int64, "float": torch.float64}


def write_kept(
    writer: Writer, function: Function, operands: list[Any], specs: list[Spec], results: Sequence[Spec]
) -> Any:
    """Write a call with gradients; its results."""
    if writer.kept:
        around = writer.kept[-1]
        if around.source is not function or around.specs != specs:
            raise writer.recorder.refuse(f"a gradient of {function.name} inside of another recursive function")
        return around.inside(operands)
    made = Kept(writer, function, operands, specs, results)
    made.write()
    return made.outside()


class Kept:
    """A function that keeps what its gradient needs; `operands` are those of the outermost call."""

    def __init__(
        self, writer: Writer, source: Function, operands: list[Any], specs: list[Spec], results: Sequence[Spec]
    ) -> None:
        self.writer, self.recorder = writer, writer.recorder
        self.source, self.operands, self.specs, self.results = source, operands, specs, list(results)
        check_specs(self.recorder, results)
        self.refuse = self.recorder.refuse
        self.target = Function(source.name)
        self.target.frames, self.target.rows = source.frames, []
        self.outer: Any = self.recorder.part
        self.lifted: list[fx.Node] = []
        self.wants = [differentiable(value) for value in operands]
        self.needs = [False] * len(self.results)
        self.fixed: list[bool] = [False] * len(operands)
        """Which operands are handed on as they are."""
        self.stable = False
        self.calls: list[list[Any]] = []
        self.exposed: dict[fx.Node, fx.Node] = {}
        self.values: dict[fx.Node, torch.Tensor] = {}
        self.back: Function | None = None
        self.back_lifted: list[fx.Node] = []

    def write(self) -> None:
        """Write the function until what is known of it stays the same."""
        recorder = self.recorder
        known, uneven, repeated = dict(self.writer.functions), len(recorder.uneven), len(recorder.repeated)
        for _ in range(ATTEMPTS):
            self.attempt()
            if not self.learnt():
                break
            self.writer.functions = dict(known)
            del recorder.uneven[uneven:], recorder.repeated[repeated:]
        else:
            raise self.refuse(f"a gradient of {self.source.name}, which needs ever more of the outside")
        if len(recorder.uneven) != uneven:
            raise self.refuse(recorder.uneven[-1][3])
        with recorder.inside(self.part):
            nodes = [recorder.place(value) for value in self.outs]
        self.target.body = self.part.finish(nodes, self.part.operands)
        self.part.site = self

    def learnt(self) -> bool:
        """Whether the last attempt has shown something new."""
        before = self.lifted, self.needs, self.fixed
        self.lifted = list(self.part.operands)
        self.needs = [a or differentiable(b) for a, b in zip(self.needs, self.outs, strict=True)]
        if not self.calls:
            raise self.refuse(f"a gradient of {self.source.name}, which does not call itself")
        known = not any(self.needs) or self.stable
        if known and any(list(map(differentiable, call)) != self.wants for call in self.calls):
            raise self.refuse("an operand that requires a gradient in some calls of a recursion only")
        self.stable = True
        if not any(self.fixed):
            self.fixed = [
                isinstance(self.operands[k], torch.Tensor)
                and all(isinstance(c[k], torch.Tensor) and self.recorder.node(c[k]) is place for c in self.inner)
                for k, place in enumerate(self.places)
            ]
        return before != (self.lifted, self.needs, self.fixed)

    def attempt(self) -> None:
        """Write the function once, for what is known of it."""
        recorder = self.recorder
        assert self.source.body is not None
        self.part = Part(recorder.parts, self.outer, repeats=True)
        self.calls, self.inner = [], []
        self.inputs: list[Any] = []
        self.places: list[fx.Node | None] = []
        for k, spec in enumerate(self.specs):
            if self.fixed[k]:
                value, place = recorder.leaf(self.operands[k], False), None
            else:
                place = self.part.placeholder(f"p{k}", {"where": recorder.where})
                value = value_of(recorder, spec, place)
            self.places.append(place)
            self.inputs.append(value.requires_grad_(self.wants[k]) if isinstance(value, torch.Tensor) else value)
        for node in self.lifted:
            self.part.use(node)
        self.writer.kept.append(self)
        try:
            with recorder.inside(self.part), recorder.cuts.region(self.inputs, [None] * len(self.inputs)):
                made = self.writer.run(self.source.body, self.inputs)
                if made is None:
                    raise self.refuse(f"the function {self.source.name}, which always raises")
                with recorder:
                    self.outs = [v.contiguous() if isinstance(v, torch.Tensor) else v for v in made]
        finally:
            self.writer.kept.pop()
        check_results(recorder, self.source.name, self.outs, self.results)

    def inside(self, operands: list[Any]) -> tuple[Any, ...]:
        """A call from inside; its results."""
        recorder = self.recorder
        self.calls.append(operands)
        nodes = [recorder.place(v) if isinstance(v, torch.Tensor) else None for v in operands]
        self.inner.append([self.origin(v, node) for v, node in zip(operands, nodes, strict=True)])
        given = [v for v, fixed in zip(operands, self.fixed, strict=True) if not fixed]
        node = recorder.emit(self.target, (*given, *self.lifted))
        *results, _ = results_of(recorder, node, [*self.results, NumberSpec("int")])
        number = next(user for user in node.users if user.args[1] == len(self.results))
        connect(recorder, Call(self, number, operands), results, self.needs, operands)
        return tuple(results)

    def origin(self, value: Any, node: fx.Node | None) -> Any:
        """The value that the function itself was given, if it is that."""
        found = [v for v, p in zip(self.inputs, self.places, strict=True) if p is not None and self.seen(p, node)]
        return found[0] if found else value

    def seen(self, place: fx.Node, node: fx.Node | None) -> bool:
        """Whether a node of a part inside brings in a parameter."""
        while node is not None and node is not place:
            owner = self.recorder.parts[node.graph]
            node = next((outer for outer, inner in owner.lifted.items() if inner is node), None)
        return node is place

    def outside(self) -> tuple[Any, ...]:
        """The outermost call; its results."""
        recorder = self.recorder
        given = [v for v, fixed in zip(self.operands, self.fixed, strict=True) if not fixed]
        self.node = recorder.emit(Outermost(self.target), (*given, *self.lifted))
        *results, _ = results_of(recorder, self.node, [*self.results, NumberSpec("int")])
        self.last = next(user for user in self.node.users if user.args[1] == len(self.results))
        connect(recorder, Call(self, self.last, self.operands), results, self.needs, self.operands)
        return tuple(results)

    def expose(self, part: Part, node: fx.Node) -> fx.Node:
        """A value of each call, stacked, as one more result of the outermost one."""
        if node in self.exposed:
            return self.exposed[node]
        recorder = self.recorder
        value, kept, spec = node.meta["val"], node, node.meta["spec"]
        with part.graph.inserting_before(part.graph.output_node()):
            if isinstance(spec, NumberSpec):
                dtype = DTYPES[spec.kind]
                kept = part.graph.call_function(aten.scalar_tensor.default, (node,), {"dtype": dtype})
                value = recorder.fresh((), dtype)
                kept.meta = {"where": node.meta.get("where"), **recorder.meta(value)}
        if not isinstance(value, torch.Tensor) or not all(type(size) is int for size in tuple(value.shape)):
            raise self.refuse("a gradient that needs something other than tensors of known sizes of each call")
        if not self.exposed:
            self.count = recorder.shapes.create_unbacked_symint()
            torch._check(self.count >= 0)
        last = part.graph.output_node()
        last.args = ((*last.args[0], kept),)  # type: ignore[misc]
        assert self.target.rows is not None
        self.target.rows.append((value.dtype, tuple(value.shape)))
        with self.node.graph.inserting_after(self.last):
            made = recorder.item(self.node, len(self.node.meta["spec"]))
        recorder.name(made, recorder.fresh((self.count, *value.shape), value.dtype, value.device))
        self.node.meta["val"] += (made.meta["val"],)
        self.node.meta["spec"] += (made.meta["spec"],)
        self.values[node] = value
        self.last = self.exposed[node] = made
        return made

    def enter(self, reverse: Part, node: fx.Node) -> fx.Node:
        """The value that a node had in the call that is gone back over."""
        recorder = self.recorder
        spec = node.meta["spec"]
        row = reverse.graph.call_function(aten.select.int, (reverse.use(self.exposed[node]), 0, self.number))
        row.meta = {"where": recorder.where, **recorder.meta(self.values[node])}
        if not isinstance(spec, NumberSpec):
            return row
        made = reverse.graph.call_function(builtins.bool if spec.kind == "bool" else aten.item.default, (row,))
        made.meta = dict(node.meta)
        return made

    def go_back(self) -> None:
        """Write the way back until what it takes of the outside stays the same."""
        self.back, self.back_lifted = Function(f"back_{self.source.name}"), []
        self.back.frames = self.target.frames
        repeated = len(self.recorder.repeated)
        for _ in range(ATTEMPTS):
            part, outputs = self.attempt_back()
            if part.operands == self.back_lifted:
                break
            self.back_lifted = list(part.operands)
            del self.recorder.repeated[repeated:]
        else:
            raise self.refuse(f"a gradient of {self.source.name}, which needs ever more of the outside")
        self.back.body = part.finish(outputs, part.operands)

    def attempt_back(self) -> tuple[Part, list[Any]]:
        """Write the way back once."""
        recorder, reach = self.recorder, self.recorder.reach
        part = Part(recorder.parts, recorder.part, repeats=True)
        part.reverses = self
        wholes = [v for v, want in zip(self.inputs, self.wants, strict=True) if want]
        chosen = [v for v, need in zip(self.outs, self.needs, strict=True) if need]
        with recorder.inside(part):
            self.number = part.placeholder("number", {"where": recorder.where})
            named(recorder, NumberSpec("int"), self.number)
            seeds: list[Any] = []
            for k, value in enumerate(chosen):
                seeds.append(value_of(recorder, tensor(value), part.placeholder(f"g{k}", {"where": recorder.where})))
            for k, seed in enumerate(seeds):
                flag = part.placeholder(f"f{k}", {"where": recorder.where})
                reach.mark(seed, named(recorder, NumberSpec("bool"), flag))
            for node in self.back_lifted:
                part.use(node)
            pairs = [(v, s) for v, s in zip(chosen, seeds, strict=True) if differentiable(v)]
            found = gradients([v for v, _ in pairs], wholes, [s for _, s in pairs])
            flags = [reach.of(grad) for grad in found]
            with recorder:
                ends = [(zeros_like(v) if g is None else g).contiguous() for v, g in zip(wholes, found, strict=True)]
            return part, [recorder.place(value) for value in (*ends, *flags)]


class Call:
    """A call of such a function; `number` is the node that gives its number."""

    def __init__(self, kept: Kept, number: fx.Node, operands: list[Any]) -> None:
        self.kept, self.number, self.operands = kept, number, operands
        self.refuse = kept.refuse

    def gradient(self, seeds: Sequence[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """Write the gradient: a call of the way back."""
        kept, recorder = self.kept, self.kept.recorder
        reach = recorder.reach
        outermost = self.operands is kept.operands
        if outermost:
            kept.go_back()
        assert kept.back is not None
        flags = [reach.of(seed) for seed in seeds]
        likes = [value for value, need in zip(kept.outs, kept.needs, strict=True) if need]
        with recorder:
            given = [zeros_like(v) if s is None else s.contiguous() for v, s in zip(likes, seeds, strict=True)]
        node = recorder.emit(kept.back, (self.number, *given, *flags, *kept.back_lifted))
        wholes = [v for v, want in zip(kept.inputs, kept.wants, strict=True) if want]
        specs: list[Spec] = [tensor(value) for value in wholes]
        made = results_of(recorder, node, [*specs, *(NumberSpec("bool") for _ in wholes)])
        pairs = iter(zip(made[: len(wholes)], made[len(wholes) :], strict=True))
        ends: list[torch.Tensor | None] = []
        for value, want in zip(self.operands, kept.wants, strict=True):
            if want:
                grad, flag = next(pairs)
                ends += [reach.mark(grad, flag)] if differentiable(value) else []
        return ends


def tensor(value: torch.Tensor) -> TensorSpec:
    """The type of a tensor."""
    return TensorSpec(value.dtype, tuple(value.shape), str(value.device))
