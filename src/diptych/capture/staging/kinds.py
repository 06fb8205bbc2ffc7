"""The kinds of nodes over which a function recurs: it is traced once for each kind.

The results of the children are placeholders while a node is traced.
"""

from __future__ import annotations

import types
from typing import Any, cast

import torch
from torch import fx

from diptych.capture.guards import Guard, NotInstance, OfType
from diptych.capture.hooks import interpreting
from diptych.capture.node_effects import effectful
from diptych.capture.refusals import Refused
from diptych.capture.regions import Region
from diptych.capture.sources import Source
from diptych.capture.staging.apart import Apart, drop, reachable
from diptych.capture.staging.batching import DTYPES, batched
from diptych.capture.staging.core import Diverged, Signal
from diptych.capture.staging.escapes import Scope
from diptych.capture.staging.existing import Existing
from diptych.capture.staging.form_types import ConstantForm, Form, PartsForm, TensorForm
from diptych.capture.staging.forms import Forms
from diptych.capture.staging.outside import NUMBERS, PLAIN
from diptych.capture.staging.packing import stores
from diptych.capture.staging.watching import Watch
from diptych.capture.structure import NODE, Kind
from diptych.capture.tensors import Store, kin

aten = torch.ops.aten

KIND_LIMIT = 24
"""How many kinds of nodes one fold tells apart; a structure with more is walked by the trace."""


START_LIMIT = 8
"""How often the type of the results may be widened."""


class Unsettled(Signal):
    """The results of this node are needed before those of the one that is being traced."""

    def __init__(self, node: Any) -> None:
        self.node = node


class Cell:
    """What the function does with the nodes of one kind."""

    def __init__(self, kind: Kind, body: fx.GraphModule, operands: list[fx.Node], shape: str, form: Form) -> None:
        self.kind = kind
        self.body = body
        self.operands = operands
        self.shape = shape
        self.form = form


class Recurring:
    """The recursive function, its arguments besides the node, and the kinds of nodes met so far."""

    def __init__(self, stager: Any, made: types.FunctionType, args: Any, kwargs: Any, position: int) -> None:
        self.stager = stager
        self.tape = stager.tape
        self.world = stager.world
        self.made = made
        self.args, self.kwargs, self.position = args, kwargs, position
        self.forms = Forms(stager)
        self.form: Form | None = None
        self.cells: list[Cell] = []
        self.closed: set[str] = set()
        self.region: Region | None = None
        self.children: list[Source] = []
        self.watch = Watch(stager)
        self.passed: dict[Source, Any] = {}
        self.inputs: list[fx.Node] = []
        self.outer: set[Store] = set()
        self.existing = Existing()

    def settle(self, nodes: list[Any]) -> None:
        """Trace every kind of node in the structures below `nodes`, children first."""
        todo = list(nodes)
        seen: set[int] = set()
        starts = 0
        while todo:
            node = todo[-1]
            cell = next((cell for cell in self.cells if cell.kind.match(node) is not None), None)
            if cell is None:
                try:
                    cell = self.trace(node)
                except Unsettled as signal:
                    todo.append(signal.node)
                    continue
                if cell is None:  # the results have another type than was thought: from the start
                    self.cells, todo, seen, starts = [], list(nodes), set(), starts + 1
                    if starts > START_LIMIT:
                        raise self.tape.refuse("recursion-objects", "the results of the nodes have no fixed type")
                    continue
                self.cells.append(cell)
                if len(self.cells) > KIND_LIMIT:
                    raise self.tape.refuse("recursion-objects", f"more than {KIND_LIMIT} kinds of nodes")
            todo.pop()
            if id(node) not in seen:
                seen.add(id(node))
                found = cell.kind.match(node)
                if found is None:
                    raise self.tape.refuse("recursion-objects", "a node that is not of its own kind")
                todo += [child for child in found[0] if id(child) not in seen]

    def trace(self, node: Any) -> Cell | None:
        """One kind of node; None if the type of the results had to be widened."""
        *first, last = (set[str](), *self.numbers(node))
        for self.closed in first:
            try:
                return self.attempt(node)
            except Refused:
                continue
        self.closed = last
        return self.attempt(node)

    def numbers(self, node: Any) -> list[set[str]]:
        """Which numbers of a node to take as constants, one after the other, and then all."""
        paths = [f"{NODE.path}.{name}" for name, value in vars(node).items() if type(value) in NUMBERS]
        return [{path} for path in paths[:4]] + ([{NODE.path}] if paths else [])

    def attempt(self, node: Any) -> Cell | None:
        """One trace of the function for a node."""
        tape, stager = self.tape, self.stager
        region = self.region = Region(tape.region, repeats=True)
        self.watch = Watch(stager)
        apart = Apart(self.world, reachable(node))
        self.children, self.inputs, self.passed = [], [], {}
        layer, depth, stack = tape.trail.open(), len(tape.trail.layers), len(stager.stack)
        chain, loops, inside, scopes = stager.chain, stager.loops, stager.in_function, stager.scopes
        stager.scopes = [Scope(passes=False)]
        self.world.recurring.append(self)
        outputs: list[Any] = []
        try:
            with apart, tape.inside(region), interpreting(cast(Any, self.watch)):
                stager.stack.append(stager.activation(self.made, self, region.depth))
                args = [*self.args]
                args[self.position] = self.world.enter(node, NODE)
                try:
                    result = self.made(*args, **self.kwargs)
                except Diverged:
                    raise tape.refuse("recursion-objects", f"{self.made.__name__} raises for this node") from None
                stager.check_state(self.existing, region)
                given = kin(stores(result, stager.traced))
                self.outer |= {s for s in given if s.depth < region.depth and not s.formal}
                found = self.forms.of(result)
                wide = self.forms.widen(self.form, found) if self.form is not None else found
                if not plain(wide):
                    raise tape.refuse(
                        "recursion-objects", f"the result of {self.made.__name__} differs from node to node"
                    )
                if repr(wide) != repr(self.form) and self.form is not None:
                    self.form = wide
                    return None
                self.form = wide
                self.forms.copied = {}
                self.forms.fill(wide, result, outputs)
        finally:
            self.world.recurring.pop()
            stager.chain, stager.loops, stager.in_function, stager.scopes = chain, loops, inside, scopes
            del stager.stack[stack:]
            tape.trail.rewind(depth)
            tape.trail.close(layer)
            self.region = None
            drop(self.world, apart.rows)
        if apart.mixes() or effectful(region):
            raise tape.refuse("recursion-objects", f"{self.made.__name__} does more than to compute tensors for a node")
        return self.cell(node, region, apart, outputs)

    def cell(self, node: Any, region: Region, apart: Apart, outputs: list[Any]) -> Cell:
        """The finished kind, its function batched over nodes."""
        rows = [e for e in apart.rows if e.node in region.lifted]
        shared = [o for o in region.operands if o not in {e.node for e in rows}]
        if any(isinstance(e.value, torch.Tensor) and e.value.requires_grad for e in rows):
            raise self.tape.refuse("recursion-objects", "a tensor of a node that requires a gradient")
        dtypes: list[torch.dtype | None] = [
            None if isinstance(e.value, torch.Tensor) else DTYPES[type(e.value).__name__] for e in rows
        ]
        data: list[Source] = [e.source for e in rows]
        if not rows and not self.children:
            data, dtypes = [Source(f"{NODE.path} is one", NODE, one)], [torch.int64]
        kind = Kind(node, self.relied_on(apart), self.children, data, dtypes)
        single = region.finish(outputs, [*[e.node for e in rows], *shared])
        # The placeholders of children come first: they were there before any operand.
        count, inputs = len(self.inputs), [n for n in single.graph.nodes if n.op == "placeholder"]
        order = [*inputs[count : count + len(rows)], *inputs[:count], *inputs[count + len(rows) :]]
        texts = [g.text for g in kind.facts], [s.path for s in (*kind.children, *kind.rows)], dtypes
        constants = [(t.dtype, t.tolist()) for t in single.buffers()]
        specs = [n.meta.get("spec") for n in order]
        shape = f"{single.graph} {constants} {[id(o) for o in shared]} {texts} {specs}"
        if shape not in self.stager.batches:  # each root of a fold is looked at, and most are like those before
            self.stager.batches[shape] = batched(self.tape, single, order, len(rows) + count)
        body = self.stager.batches[shape]
        assert self.form is not None
        return Cell(kind, body, shared, shape, self.form)

    def relied_on(self, apart: Apart) -> list[Guard]:
        """The facts of a node; children that the function only hands to itself may be objects of any type."""
        blind = {source for source, child in self.passed.items() if id(child) not in self.watch.seen}
        for source in (*(g.source for g in apart.facts), *(e.source for e in apart.rows)):
            while source.parent is not None:
                source = source.parent
                blind.discard(source)
        free = [(g, g.source in blind and isinstance(g.check, OfType)) for g in apart.facts]
        anything = NotInstance(PLAIN)
        return [Guard(g.source, f"{g.source.path} is an object", anything) if any_type else g for g, any_type in free]

    def again(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A recursive call: the result of a child."""
        child = args[self.position]
        others = [a is b for k, (a, b) in enumerate(zip(args, self.args, strict=False)) if k != self.position]
        same = len(args) == len(self.args) and all(others) and list(kwargs) == list(self.kwargs)
        if not same or any(kwargs[name] is not self.kwargs[name] for name in kwargs):
            raise self.tape.refuse("recursion-objects", "a recursive call with other arguments besides the node")
        source = self.world.sources.get(id(child))
        if source is None or source is NODE or self.tape.region is not self.region:
            raise self.tape.refuse("recursion-objects", "a recursive call for something that is no child of the node")
        if self.form is None:
            raise Unsettled(child)
        self.watch.overlook(child)
        self.passed[source] = child
        self.children.append(source)
        value = self.forms.formal(self.form, self.inputs)
        for store in stores(value, self.stager.traced):
            store.formal = True
        return value


def one(_: Any) -> int:
    """What a node counts for that holds nothing else."""
    return 1


def plain(form: Form | None) -> bool:
    """Whether a form consists of tensors of known sizes and constants."""
    if isinstance(form, TensorForm):
        return all(isinstance(size, int) for size in form.shape)
    if isinstance(form, PartsForm):
        return all(map(plain, form.parts))
    return isinstance(form, ConstantForm)
