"""Loops: test and body are written out; the gradient of a loop is a `scan` over its rounds, from the last to the first.

What the gradient needs of each round is kept by the loop, as stacks with a row for each round.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.autodiff import growing
from diptych.autodiff.branch import gradients, zeros_like
from diptych.autodiff.control_function import connect
from diptych.autodiff.growing import told_apart
from diptych.autodiff.part import Part
from diptych.autodiff.values import Opaque, differentiable, named
from diptych.graph import walk
from diptych.graph.control import scan, while_loop, while_stack
from diptych.graph.regions import union
from diptych.graph.spec import AbsentSpec, NumberSpec, TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.expand import Writer

aten = torch.ops.aten
ROUNDS = 8
"""How often a loop is written at most until the types of what it carries stay the same."""
DTYPES = {"bool": torch.bool, "int": torch.int64, "float": torch.float64}


def write_while(
    writer: Writer, node: fx.Node, test: Any, body: Any, carried: Sequence[Any], operands: Sequence[Any]
) -> Any:
    """Write a loop; its results."""
    parts = told_apart(test, body, carried)
    kept = [carried[k] for k in parts.carried]
    loop = Loop(writer, parts.test, parts.body, kept, list(operands))
    results = loop.write([node.meta["spec"][k] for k in parts.carried])
    rows = loop.stacked()
    if loop.grad:
        needs = [*loop.needs, *map(differentiable, loop.grown)]
        if any(need and not differentiable(value) for need, value in zip_longest(needs, kept)):
            what = "a result that requires a gradient after a round of a loop only"
            writer.recorder.uneven.append((writer.recorder.part, loop.started(), True, what))
        both = [*results, *rows]
        connect(writer.recorder, loop, both, needs, [*kept, *operands])
        results, rows = both[: len(results)], both[len(results) :]
    found = dict(zip(parts.carried, results, strict=True))
    for k, row in zip(parts.grown, rows, strict=True):
        found[k] = growing.result(writer.recorder, carried[k], row)
    return tuple(found[k] for k in range(len(carried)))


class Loop:
    """A loop that is being written."""

    def __init__(self, writer: Writer, test: Any, body: Any, carried: list[Any], operands: list[Any]) -> None:
        self.writer = writer
        self.recorder = writer.recorder
        self.test, self.body = test, body
        self.initial, self.operands = carried, operands
        self.grad = torch.is_grad_enabled()
        with self.recorder:
            self.carried = [v.contiguous() if isinstance(v, torch.Tensor) else v for v in carried]
        self.needs = [self.grad and differentiable(value) for value in carried]
        self.like = list(self.carried)
        self.open: set[tuple[int, int]] = set()
        self.leaves = [
            self.recorder.leaf(value, True) if self.grad and differentiable(value) else value for value in operands
        ]
        self.exposed: dict[fx.Node, fx.Node] = {}
        self.copies: list[fx.Node] = []
        self.rows: list[Any] = []
        self.kept: dict[fx.Node, torch.Tensor] = {}
        self.grown: list[torch.Tensor] = []
        """What is appended to the lists that grow, in a round."""
        self.refuse = self.recorder.refuse

    def write(self, specs: Sequence[Any]) -> list[Any]:
        """Write test and body until their types stay the same; then the node and its results."""
        recorder = self.recorder
        for _ in range(ROUNDS):
            if self.attempt(specs):
                break
        else:
            raise recorder.refuse("a loop whose values have other types in each round")
        with recorder.inside(self.test_part):
            tested = [recorder.place(self.tested)]
        with recorder.inside(self.body_part):
            made = [recorder.place(value) for value in self.outs]
        operands = union([self.test_part, self.body_part])
        test = self.test_part.finish(tested, operands)
        body = self.body_part.finish(made, operands)
        self.body_part.site = self
        here = recorder.part
        names = here.module("test", test), here.module("body", body)
        initial = tuple(recorder.place(value) for value in self.carried)
        self.node = here.graph.call_function(while_loop, (*names, initial, tuple(operands)))
        self.modules = test, body
        self.node.meta = {"where": recorder.where, "spec": (), "val": (), "loop": self}
        results: list[Any] = []
        for index in range(len(self.inner)):
            item = self.last = recorder.item(self.node, index)
            results.append(self.value(item, index, specs[index]))
            self.extend(item)
        return results

    def stacked(self) -> list[Any]:
        """The lists that grow, each with a row a round."""
        recorder = self.recorder
        nodes = [self.expose(self.body_part, recorder.node(row)) for row in self.grown]
        return [recorder.leaf(node.meta["val"], False) for node in nodes]

    def value(self, node: fx.Node, index: int, spec: Any) -> Any:
        """Carried value number `index` as the value of `node`."""
        recorder = self.recorder
        like = self.like[index]
        if isinstance(like, Opaque):
            raise recorder.refuse("a loop that carries something other than tensors and numbers")
        if like is None:
            return named(recorder, AbsentSpec(), node)
        if not isinstance(like, torch.Tensor):
            return named(recorder, spec, node)
        fresh = recorder.shapes.create_unbacked_symint
        sizes = [fresh() if (index, dim) in self.open else size for dim, size in enumerate(like.shape)]
        return named(recorder, TensorSpec(like.dtype, (), str(like.device)), node, sizes)

    def started(self) -> Any:
        """Whether there is a first round."""
        with torch.no_grad():
            found = self.writer.run(self.test, [*self.initial, *self.leaves])
        assert found is not None
        if isinstance(found[0], torch.Tensor):
            raise self.refuse("a gradient through a loop of no rounds")
        return found[0]

    def extend(self, item: fx.Node) -> None:
        """One more result of the node."""
        for whole in (self.node, *self.copies):
            whole.meta["val"] += (item.meta["val"],)
            whole.meta["spec"] += (item.meta["spec"],)

    def again(self, part: Part) -> fx.Node:
        """The same loop once more, in another part."""
        if any(map(draws, self.modules)):
            raise self.refuse("a gradient through a loop that draws random numbers, inside of a loop")
        names = part.module("test", self.modules[0]), part.module("body", self.modules[1])
        rest: Any = fx.map_arg(self.node.args[2:4], part.use)
        made = part.graph.call_function(self.node.target, (*names, *rest, *self.node.args[4:]))  # type: ignore[arg-type]
        made.meta = {k: v for k, v in self.node.meta.items() if k != "loop"}
        self.copies.append(made)
        self.recorder.repeated.append(made)
        return made

    def attempt(self, specs: Sequence[Any]) -> bool:
        """Write test and body for what is known of the carried values; whether that was right."""
        recorder = self.recorder
        self.test_part = Part(recorder.parts, recorder.part, repeats=True)
        self.body_part = Part(recorder.parts, recorder.part, repeats=True)
        with recorder.inside(self.test_part), torch.no_grad():
            given = [self.entering(self.test_part, k, specs[k], False) for k in range(len(specs))]
            found = self.writer.run(self.test, [*given, *self.leaves])
            if found is None:
                raise recorder.refuse("a loop whose test always raises")
            self.tested = found[0]
        with recorder.inside(self.body_part):
            self.inner = [self.entering(self.body_part, k, specs[k], self.needs[k]) for k in range(len(specs))]
            with recorder.cuts.region([*self.inner, *self.leaves], [*(None for _ in self.inner), *self.operands]):
                made = self.writer.run(self.body, [*self.inner, *self.leaves])
            if made is None:
                raise recorder.refuse("a loop whose body always raises")
            with recorder:
                self.outs = [v.contiguous() if isinstance(v, torch.Tensor) else v for v in made[: len(self.inner)]]
                self.grown = [value.squeeze(0).contiguous() for value in made[len(self.inner) :]]
        same = True
        for k, (value, out) in enumerate(zip(self.inner, self.outs, strict=True)):
            if isinstance(value, Opaque) or isinstance(out, Opaque):
                raise recorder.refuse("a loop that carries something other than tensors and numbers")
            if value is None and out is not None:
                same = False
                self.absent(k, out)
                continue
            if out is None:  # nothing reads it, then
                continue
            if not isinstance(value, torch.Tensor):
                if isinstance(out, torch.Tensor):
                    raise recorder.refuse("a loop that carries values of changing types")
                continue
            if not isinstance(out, torch.Tensor) or out.dtype != value.dtype or out.dim() != value.dim():
                raise recorder.refuse("a loop that carries values of changing types")
            if differentiable(out) and not self.needs[k]:
                self.needs[k], same = True, False
            for dim, (a, b) in enumerate(zip(value.shape, out.shape, strict=True)):
                if (k, dim) not in self.open and not (a is b or str(a) == str(b)):
                    self.open.add((k, dim))
                    same = False
        return same

    def absent(self, index: int, out: Any) -> None:
        """A value that is absent at first: its type is that of what the body gives."""
        self.like[index] = out
        if isinstance(out, torch.Tensor):
            for dim, size in enumerate(out.shape):
                if isinstance(size, torch.SymInt) and not self.recorder.symbols.known_in(size, self.recorder.part):
                    self.open.add((index, dim))

    def entering(self, part: Part, index: int, spec: Any, grad: bool) -> Any:
        """Carried value number `index` at the start of a round."""
        place = part.placeholder(f"c{index}", {"where": self.recorder.where})
        made = self.value(place, index, spec)
        return made.requires_grad_(grad) if isinstance(made, torch.Tensor) else made

    def expose(self, part: Part, node: fx.Node) -> fx.Node:
        """A value of each round, stacked, as one more result."""
        if part is not self.body_part:
            raise self.refuse("a gradient that needs a value of a loop's test")
        if node in self.exposed:
            return self.exposed[node]
        value, kept = node.meta["val"], node
        spec = node.meta["spec"]
        recorder = self.recorder
        with part.graph.inserting_before(part.graph.output_node()):
            if isinstance(spec, NumberSpec):
                dtype = DTYPES[spec.kind]
                kept = part.graph.call_function(aten.scalar_tensor.default, (node,), {"dtype": dtype})
                value = recorder.fresh((), dtype)
                kept.meta = {"where": node.meta.get("where"), **recorder.meta(value)}
        if not isinstance(value, torch.Tensor):
            raise self.refuse("a gradient that needs something other than tensors and numbers of each round")
        for size in value.shape:
            if isinstance(size, torch.SymInt) and not recorder.symbols.known_in(size, recorder.parts[self.node.graph]):
                raise self.refuse("a gradient that needs tensors whose sizes change from round to round")
        if not self.rows:
            self.rounds = recorder.shapes.create_unbacked_symint()
            torch._check(self.rounds >= 0)
        last = part.graph.output_node()
        last.args = ((*last.args[0], kept),)  # type: ignore[misc]
        self.rows.append((value.dtype, tuple(0 if isinstance(n, torch.SymInt) else n for n in value.shape)))
        for whole in (self.node, *self.copies):
            whole.target = while_stack
            whole.args = (*whole.args[:4], tuple(self.rows))
        with self.node.graph.inserting_after(self.last):
            made = recorder.item(self.node, len(self.node.meta["spec"]))
        stacked = recorder.fresh((self.rounds, *value.shape), value.dtype, value.device)
        recorder.name(made, stacked)
        self.extend(made)
        self.kept[node] = value
        self.last = self.exposed[node] = made
        return made

    def enter(self, reverse: Part, node: fx.Node) -> fx.Node:
        """The value that a node of the body had in the round that is gone back over."""
        value, spec = self.kept[node], node.meta["spec"]
        row = reverse.placeholder(
            f"row{len(reverse.rows)}", {"where": self.recorder.where, **self.recorder.meta(value)}
        )
        if not isinstance(spec, NumberSpec):
            return row
        made = reverse.graph.call_function(builtins.bool if spec.kind == "bool" else aten.item.default, (row,))
        made.meta = dict(node.meta)
        return made

    def gradient(self, seeds: Sequence[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """Write the gradient: a round for each round of the loop, the last one first."""
        recorder = self.recorder
        reach = recorder.reach
        chosen = [k for k, need in enumerate(self.needs) if need]
        if any(k in chosen for k, _ in self.open):
            raise self.refuse("a gradient that needs tensors whose sizes change from round to round")
        states = [self.inner[k] for k in chosen]
        inputs = [leaf for leaf in self.leaves if differentiable(leaf)]
        wholes = [*states, *inputs]
        part = Part(recorder.parts, recorder.part, repeats=True)
        part.reverses = self
        with recorder:
            appended = [seed if seed is None else seed.contiguous() for seed in seeds[len(chosen) :]]
        seeds = seeds[: len(chosen)]
        with recorder.inside(part):
            specs = [TensorSpec(v.dtype, (), str(v.device)) for v in wholes]
            places = [part.placeholder(f"g{k}", {"where": recorder.where}) for k in range(len(wholes))]
            sums = [named(recorder, s, p, list(v.shape)) for s, p, v in zip(specs, places, wholes, strict=True)]
            tellers = [part.placeholder(f"f{k}", {"where": recorder.where}) for k in range(len(wholes))]
            flags = [named(recorder, NumberSpec("bool"), place) for place in tellers]
            for so_far, flag in zip(sums, flags, strict=True):
                reach.mark(so_far, flag)
            pairs = [(self.outs[k], s) for k, s in zip(chosen, sums, strict=False) if differentiable(self.outs[k])]
            pairs += self.given(part, appended)
            found = gradients([out for out, _ in pairs], wholes, [s for _, s in pairs])
            ends: list[torch.Tensor] = []
            there: list[Any] = []
            with recorder:
                for k, (value, grad, so_far) in enumerate(zip(wholes, found, sums, strict=True)):
                    there.append(reach.of(grad) if k < len(states) else reach.either(flags[k], reach.of(grad)))
                    if k >= len(states):
                        grad = so_far if grad is None else so_far + grad
                    ends.append((zeros_like(value) if grad is None else grad).contiguous())
            kept = [k for k in range(len(wholes)) if k < len(states) or found[k] is not None]
            outputs = [recorder.place(ends[k]) for k in kept] + [recorder.place(there[k]) for k in kept]
            for k in range(len(wholes)):
                if k not in kept:
                    part.graph.erase_node(tellers[k])
                    part.graph.erase_node(places[k])
            if not part.stacks:
                part.row(self.counting(), self.body_part)
        with recorder:
            initial = [zeros_like(v) if s is None else s.contiguous() for v, s in zip(states, seeds, strict=True)]
            initial += [zeros_like(wholes[k]) for k in kept if k >= len(states)]
        initial += [reach.of(seed) for seed in seeds] + [False for k in kept if k >= len(states)]
        module = part.finish(outputs, part.operands)
        here = recorder.part
        body = here.module("reverse", module)
        nodes = tuple(recorder.place(value) for value in initial)
        node = here.graph.call_function(scan, (body, nodes, tuple(part.stacks), tuple(part.operands), (), True))
        node.meta = {"where": recorder.where, "spec": (), "val": ()}
        made: list[torch.Tensor | None] = [None] * len(wholes)
        for index, k in enumerate((*kept, *kept)):
            item = recorder.item(node, index)
            if index < len(kept):
                made[k] = named(recorder, specs[k], item, list(wholes[k].shape))
            else:
                value = made[k]
                assert value is not None
                reach.mark(value, named(recorder, NumberSpec("bool"), item))
            node.meta["val"] += (item.meta["val"],)
            node.meta["spec"] += (item.meta["spec"],)
        flow = dict(zip(chosen, made[: len(chosen)], strict=True))
        through = [flow[k] for k, value in enumerate(self.initial) if differentiable(value)]
        return [*through, *made[len(chosen) :]]

    def given(self, part: Part, seeds: Sequence[torch.Tensor | None]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """What is appended to lists, each with its gradient in the round that is gone back over."""
        recorder = self.recorder
        made: list[tuple[torch.Tensor, torch.Tensor]] = []
        for row, seed in zip([row for row in self.grown if differentiable(row)], seeds, strict=True):
            if seed is None:
                continue
            assert isinstance(part.parent, Part)
            node = part.parent.use(recorder.node(seed))
            place = part.rows[node] = part.placeholder(f"row{len(part.rows)}", {"where": recorder.where})
            part.stacks.append(node)
            value = recorder.fresh(row.shape, row.dtype, row.device)
            recorder.name(place, value)
            made.append((row, recorder.reach.mark(value, recorder.reach.of(seed))))
        return made

    def counting(self) -> fx.Node:
        """A node of the body whose rows count the rounds."""
        part = self.body_part
        with part.graph.inserting_before(part.graph.output_node()):
            node = part.graph.call_function(aten.scalar_tensor.default, (True,), {"dtype": torch.bool})
        node.meta = {"where": self.recorder.where, **self.recorder.meta(self.recorder.fresh((), torch.bool))}
        return node


def draws(module: fx.GraphModule) -> bool:
    """Whether a region draws random numbers, or does something else that is not to be done twice."""
    for node in walk.everything(module):
        target: Any = node.target
        if isinstance(target, torch._ops.OpOverload):
            if torch.Tag.nondeterministic_seeded in target.tags:
                return True
        elif not walk.regions(node) and getattr(target, "__module__", "") not in ("_operator", "math", "builtins"):
            return True
    return False
