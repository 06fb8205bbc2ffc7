"""Folds: each kind of node is written out once, for any number of nodes; so is its gradient.

The way back goes over the levels only for what has to be known level by level, the gradients of the nodes' results.
What flows from there to the operands that all nodes share is computed once, of all nodes together.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.autodiff.branch import gradients, zeros_like
from diptych.autodiff.control_function import connect
from diptych.autodiff.part import Part
from diptych.autodiff.values import differentiable, named
from diptych.graph import walk
from diptych.graph.fold import Fold
from diptych.graph.levels import fold_back, fold_levels
from diptych.graph.regions import union
from diptych.graph.spec import NumberSpec, TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.expand import Writer

aten = torch.ops.aten


def write_fold(writer: Writer, node: fx.Node, fold: Fold, args: Sequence[Any]) -> tuple[Any, ...]:
    """Write a fold; the results of its roots."""
    written = FoldOfKinds(writer, fold, args, node.meta["spec"])
    results = written.write()
    if written.grad:
        connect(writer.recorder, written, results, written.needs, written.inputs)
    return tuple(results)


class Kind:
    """A kind of node that is being written; it is the site of its part, which runs for some nodes at a time."""

    def __init__(self, fold: FoldOfKinds, number: int, data: Sequence[Any], places: Sequence[Any]) -> None:
        self.fold = fold
        self.number = number
        self.data, self.places = list(data), list(places)
        given = [*data, *places]
        if not given or not isinstance(given[0].shape[0], torch.SymInt):
            raise fold.refuse("a fold of nodes that hold nothing")
        self.count = given[0].shape[0]
        if any(str(value.shape[0]) != str(self.count) for value in given):
            raise fold.refuse("a fold of nodes that hold different numbers of things")
        self.part = Part(fold.recorder.parts, fold.recorder.part, repeats=True)
        self.rows: list[torch.Tensor] = []
        self.children: list[list[torch.Tensor]] = []
        self.outs: list[torch.Tensor] = []
        self.names: dict[fx.Node, fx.Node] = {}

    def write(self) -> None:
        """Run the steps of the kind on values with any number of rows."""
        fold, recorder = self.fold, self.fold.recorder
        self.part = Part(recorder.parts, recorder.part, repeats=True)
        self.part.site = self
        with recorder.inside(self.part):
            self.rows = [
                self.entering(f"d{r}", value.dtype, value.shape[1:], fold.grad and differentiable(value))
                for r, value in enumerate(self.data)
            ]
            self.names = dict(zip(self.part.graph.nodes, map(recorder.node, self.data), strict=True))
            self.children = [
                [
                    self.entering(f"c{c}_{i}", spec.dtype, spec.shape[1:], fold.needs[i])
                    for i, spec in enumerate(fold.specs)
                ]
                for c in range(len(self.places))
            ]
            inner = [*self.rows, *(value for results in self.children for value in results)]
            shared = [fold.leaves[i] for i in fold.target.shared[self.number]]
            body = fold.target.kinds[self.number].body
            assert body is not None
            outside = [*(None for _ in inner), *fold.operands]
            with recorder.cuts.region([*inner, *fold.leaves], outside):
                made = fold.writer.run(body, [*inner, *shared])
            if made is None:
                raise recorder.refuse("a fold whose nodes always raise")
            with recorder:
                self.outs = [value.contiguous() for value in made]
        for value, spec in zip(self.outs, fold.specs, strict=True):
            wanted = (self.count, *spec.shape[1:])
            if value.dtype != spec.dtype or [*map(str, value.shape)] != [*map(str, wanted)]:
                raise recorder.refuse("a fold whose kinds give values of different types")

    def entering(self, name: str, dtype: torch.dtype, sizes: Sequence[Any], grad: bool) -> torch.Tensor:
        """A parameter with a row for each node."""
        return self.fold.parameter(self.part, name, self.count, dtype, sizes, grad)

    def expose(self, part: Part, node: fx.Node) -> fx.Node:
        """A value of all nodes of the kind, as one more result of the fold."""
        return self.names[node] if node in self.names else self.fold.keep(self, node)

    def enter(self, reverse: Part, node: fx.Node) -> fx.Node:
        """The rows of such a value for the nodes that are gone back over."""
        meta = {"where": self.fold.recorder.where, **self.fold.recorder.meta(node.meta["val"])}
        return reverse.placeholder(f"row{len(reverse.rows)}", meta)


class FoldOfKinds:
    """A fold that is being written."""

    def __init__(self, writer: Writer, fold: Fold, args: Sequence[Any], specs: Sequence[TensorSpec]) -> None:
        self.writer = writer
        self.recorder = writer.recorder
        self.refuse = self.recorder.refuse
        self.target = fold
        self.specs = specs
        self.counts, self.roots, *rest = args
        data, places, _ = fold.parts(rest)
        self.operands = rest[sum(fold.rows) + sum(fold.children) :]
        self.grad = torch.is_grad_enabled()
        self.inputs = [*(value for values in data for value in values), *self.operands]
        self.leaves = [
            self.recorder.leaf(value, True) if self.grad and differentiable(value) else value for value in self.operands
        ]
        self.needs = [False for _ in specs]
        self.kinds = [Kind(self, k, d, p) for k, (d, p) in enumerate(zip(data, places, strict=True))]
        self.kept: list[tuple[int, torch.dtype, tuple[int, ...]]] = []

    def parameter(
        self, part: Part, name: str, count: Any, dtype: torch.dtype, sizes: Sequence[Any], grad: bool = False
    ) -> torch.Tensor:
        """A parameter of a part that runs for `count` nodes."""
        recorder = self.recorder
        place = part.placeholder(name, {"where": recorder.where})
        part.sizes.setdefault(count.node.expr, place)
        made = recorder.fresh((count, *sizes), dtype)
        recorder.name(place, made)
        return made.requires_grad_(grad)

    def write(self) -> list[Any]:
        """Write the kinds until it is known which results require gradients; then the node and its results."""
        recorder = self.recorder
        while True:
            for kind in self.kinds:
                kind.write()
            found = [any(differentiable(kind.outs[i]) for kind in self.kinds) for i in range(len(self.specs))]
            if found == self.needs:
                break
            self.needs = found
        placed: list[list[Any]] = []
        for kind in self.kinds:
            with recorder.inside(kind.part):
                placed.append([recorder.place(value) for value in kind.outs])
        operands = union(kind.part for kind in self.kinds)
        bodies = [kind.part.finish(nodes, operands) for kind, nodes in zip(self.kinds, placed, strict=True)]
        here = recorder.part
        names = tuple(here.module("kind", body) for body in bodies)
        data, places = (self.placed([getattr(kind, what) for kind in self.kinds]) for what in ("data", "places"))
        ends = tuple((spec.dtype, tuple(spec.shape[1:])) for spec in self.specs)
        structure = recorder.place(self.counts), recorder.place(self.roots)
        self.node = here.graph.call_function(fold_levels, (names, *structure, data, places, tuple(operands), ends, ()))
        self.node.meta = {"where": recorder.where, "spec": (), "val": ()}
        self.results: list[torch.Tensor] = []
        for index, spec in enumerate(self.specs):
            self.last = recorder.item(self.node, index)
            self.results.append(named(recorder, spec, self.last, list(spec.shape)))
            self.extend(self.last)
        return list(self.results)

    def placed(self, values: Sequence[Sequence[torch.Tensor]]) -> tuple[tuple[Any, ...], ...]:
        """Tensors of each kind as arguments of a node."""
        return tuple(tuple(self.recorder.place(value) for value in mine) for mine in values)

    def extend(self, item: fx.Node) -> None:
        """One more result of the node."""
        self.node.meta["val"] += (item.meta["val"],)
        self.node.meta["spec"] += (item.meta["spec"],)

    def keep(self, kind: Kind, node: fx.Node) -> fx.Node:
        """A value of all nodes of a kind as one more result."""
        value, recorder = node.meta["val"], self.recorder
        rows = isinstance(value, torch.Tensor) and value.dim() and str(value.shape[0]) == str(kind.count)
        if not rows:
            return self.same_for_all(kind, node)
        if any(isinstance(size, torch.SymInt) for size in value.shape[1:]):
            raise self.refuse("a gradient that needs something other than a row of each node")
        last = kind.part.graph.output_node()
        last.args = ((*last.args[0], node),)  # type: ignore[misc]
        self.kept.append((kind.number, value.dtype, tuple(value.shape[1:])))
        self.node.args = (*self.node.args[:7], tuple(self.kept))
        with self.node.graph.inserting_after(self.last):
            made = recorder.item(self.node, len(self.node.meta["spec"]))
        recorder.name(made, recorder.fresh(tuple(value.shape), value.dtype))
        self.extend(made)
        kind.names[node] = self.last = made
        return made

    def same_for_all(self, kind: Kind, node: fx.Node) -> fx.Node:
        """A value that is the same for all nodes of a kind, computed once more outside."""
        if node not in kind.names:
            outer = next((o for o, inner in kind.part.lifted.items() if inner is node), None)
            pure = node.op == "call_function" and not walk.regions(node) and not draws(node)
            if outer is not None:
                kind.names[node] = outer
            elif not pure or node.target is aten.sym_size.int:
                raise self.refuse("a gradient that needs something other than a row of each node")
            else:
                args, kwargs = fx.map_arg((node.args, node.kwargs), lambda inner: self.same_for_all(kind, inner))
                with self.node.graph.inserting_after(self.last):
                    made = self.node.graph.call_function(node.target, args, kwargs)  # type: ignore[arg-type]
                made.meta = dict(node.meta)
                kind.names[node] = self.last = made
        return kind.names[node]

    def gradient(self, seeds: Sequence[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """Write the gradient: level by level for the results of the nodes, then at once for what all nodes share."""
        chosen = [i for i, need in enumerate(self.needs) if need]
        given = {i for i, seed in zip(chosen, seeds, strict=True) if seed is not None}
        wholes = self.back(chosen, seeds)
        pairs = [
            (kind.outs[i], seed)
            for kind, mine in zip(self.kinds, wholes, strict=True)
            for i, seed in zip(chosen, mine, strict=True)
            if differentiable(kind.outs[i])
        ]
        wanted = [value for kind in self.kinds for value in kind.rows if differentiable(value)]
        rows = len(wanted)
        wanted += [value for value in self.leaves if differentiable(value)]
        found = gradients([out for out, _ in pairs], wanted, [seed for _, seed in pairs])
        flag = self.seeded(seeds)
        reached = Reached(self, given)
        ends: list[torch.Tensor | None] = []
        for k, (value, grad) in enumerate(zip(wanted, found, strict=True)):
            there = reached.flag(value, always=k < rows)
            ends.append(None if grad is None else self.recorder.reach.mark(grad, self.recorder.reach.both(flag, there)))
        return ends

    def seeded(self, seeds: Sequence[torch.Tensor | None]) -> Any:
        """Whether there is a gradient of the roots at all."""
        flags = [self.recorder.reach.of(seed) for seed in seeds if seed is not None]
        if len(flags) > 1 and any(flag is not True for flag in flags):
            raise self.refuse("a gradient of a fold that a branch gives")
        return flags[0]

    def back(self, chosen: list[int], seeds: Sequence[torch.Tensor | None]) -> list[list[torch.Tensor]]:
        """The way back over the levels: for each kind, the gradients of the results of its nodes."""
        recorder = self.recorder
        here = recorder.part
        parts = [self.reverse(kind, chosen) if kind.places else None for kind in self.kinds]
        there = [part for part, _ in filter(None, parts)]
        operands = union(there)
        names: list[fx.Node | None] = []
        for entry in parts:
            names.append(entry and here.module("back", entry[0].finish(entry[1], operands)))
        rows = tuple(tuple(entry[0].stacks) if entry else () for entry in parts)
        with recorder:
            like = [self.results[i] for i in chosen]
            starts = [zeros_like(v) if s is None else s.contiguous() for v, s in zip(like, seeds, strict=True)]
        places = self.placed([kind.places for kind in self.kinds])
        structure = recorder.place(self.counts), recorder.place(self.roots)
        placed = tuple(recorder.place(seed) for seed in starts)
        args = (tuple(names), *structure, places, rows, placed, tuple(operands))
        node = here.graph.call_function(fold_back, args)  # type: ignore[arg-type]
        node.meta = {"where": recorder.where, "spec": (), "val": ()}
        made: list[list[torch.Tensor]] = []
        for kind in self.kinds:
            made.append([])
            for i in chosen:
                item = recorder.item(node, len(node.meta["spec"]))
                spec = TensorSpec(self.specs[i].dtype, ())
                made[-1].append(named(recorder, spec, item, [kind.count, *self.specs[i].shape[1:]]))
                node.meta["val"] += (item.meta["val"],)
                node.meta["spec"] += (item.meta["spec"],)
        return made

    def reverse(self, kind: Kind, chosen: list[int]) -> tuple[Part, list[Any]]:
        """The part that goes back over the nodes of a kind on one level, and what it gives."""
        recorder = self.recorder
        part = Part(recorder.parts, recorder.part, repeats=True)
        part.reverses = kind
        with recorder.inside(part):
            seeds = [
                self.parameter(part, f"g{i}", kind.count, self.specs[i].dtype, self.specs[i].shape[1:]) for i in chosen
            ]
            pairs = [(kind.outs[i], s) for i, s in zip(chosen, seeds, strict=True) if differentiable(kind.outs[i])]
            wanted = [results[i] for results in kind.children for i in chosen]
            found = gradients([out for out, _ in pairs], wanted, [seed for _, seed in pairs])
            with recorder:
                found = [grad if grad is None else grad.contiguous() for grad in found]
            return part, [recorder.place(grad) for grad in found]


class Reached:
    """Which gradients are there, for the results of the roots that are `given` one.

    `sure[k]` are the results of a node of kind k that a gradient flows to wherever the node stands.
    """

    def __init__(self, fold: FoldOfKinds, given: set[int]) -> None:
        self.fold = fold
        self.behind = [[behind(out) for out in kind.outs] for kind in fold.kinds]
        self.sure = [set(given) for _ in fold.kinds]
        before: list[set[int]] = []
        while before != self.sure:
            before = [set(mine) for mine in self.sure]
            for kind, outs, mine in zip(fold.kinds, self.behind, before, strict=True):
                for results in kind.children:
                    passed = {j for j, child in enumerate(results) if any(id(child) in outs[i] for i in mine)}
                    self.sure = [found & passed for found in self.sure]

    def flag(self, value: torch.Tensor, always: bool) -> Any:
        """Whether the gradient of an operand, or of the rows of a kind (which is there `always`), is there."""
        fold, reach = self.fold, self.fold.recorder.reach
        flag: Any = False
        for kind, outs, mine in zip(fold.kinds, self.behind, self.sure, strict=True):
            if any(id(value) in outs[i] for i in mine):
                flag = reach.either(flag, True if always else self.present(kind))
            elif any(id(value) in found for found in outs):
                raise fold.refuse("a gradient that some nodes of a structure may not reach")
        return flag

    def present(self, kind: Kind) -> Any:
        """Whether there are nodes of a kind."""
        recorder = self.fold.recorder
        node = recorder.emit(operator.gt, (kind.count, 0))
        made = recorder.symbols.number("bool", node)
        node.meta |= recorder.meta(made) | {"spec": NumberSpec("bool")}
        return made


def draws(node: fx.Node) -> bool:
    """Whether a step draws random numbers."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


def behind(value: torch.Tensor) -> set[int]:
    """The ids of the leaves that a value has in its history."""
    found = {id(value)} if value.is_leaf else set[int]()
    todo: list[Any] = [value.grad_fn]
    seen: set[Any] = set()
    while todo:
        step = todo.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        if hasattr(step, "variable"):
            found.add(id(step.variable))
        todo += [following for following, _ in step.next_functions]
    return found
