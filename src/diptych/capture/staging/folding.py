"""Recursion over Python objects: the function is traced once for each kind of node, and a `fold` runs the levels.

The results of the children are placeholders while a node is traced; the objects are walked by Python at each call.
"""

from __future__ import annotations

import gc
import types
from typing import Any, cast

import torch
from torch import fx

from diptych.capture.guards import Guard, OfType
from diptych.capture.interpreter import interpreting
from diptych.capture.node_effects import effectful
from diptych.capture.refusals import Refused
from diptych.capture.regions import Leak, Region
from diptych.capture.sources import Item, Source
from diptych.capture.staging.apart import Apart, drop, reachable
from diptych.capture.staging.batching import DTYPES, batched
from diptych.capture.staging.carried import Adopted
from diptych.capture.staging.core import Core, Diverged, Signal
from diptych.capture.staging.escapes import Scope
from diptych.capture.staging.externals import External
from diptych.capture.staging.form_types import ConstantForm, Form, PartsForm, TensorForm
from diptych.capture.staging.forms import Forms
from diptych.capture.staging.outside import NUMBERS, PLAIN
from diptych.capture.staging.packing import stores
from diptych.capture.staging.watching import Watch
from diptych.capture.structure import NODE, Kind, Structure, known
from diptych.capture.tensors import Store, kin
from diptych.graph.control import Function
from diptych.graph.fold import Fold
from diptych.graph.spec import TensorSpec

aten = torch.ops.aten

KIND_LIMIT = 24
"""How many kinds of nodes one fold tells apart; a structure with more is walked by the trace."""


class FoldInstead(Signal):
    """This call recurs over objects of the outside: it is to be traced once for each kind of node."""

    def __init__(self, activation: Any, position: int) -> None:
        self.activation = activation
        self.position = position


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


class Folded:
    """A fold of the graph, to which later calls may add roots and kinds."""

    def __init__(self, node: fx.Node, name: str, form: Form) -> None:
        self.node = node
        self.form = form
        self.cells: list[Cell] = []
        self.structure = Structure(name)
        self.nodes: list[Any] = []
        self.parts: list[fx.Node] = []


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
        self.alive = gc.get_objects()  # held, so that no new object gets the address of an old one
        self.existing = {id(o) for o in self.alive}

    def settle(self, nodes: list[Any]) -> None:
        """Trace every kind of node in the structures below `nodes`, children first."""
        todo = list(nodes)
        seen: set[int] = set()
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
                    self.cells, todo, seen = [], list(nodes), set()
                    continue
                self.cells.append(cell)
                if len(self.cells) > KIND_LIMIT:
                    raise self.tape.refuse("recursion-state", f"more than {KIND_LIMIT} kinds of nodes")
            todo.pop()
            if id(node) not in seen:
                seen.add(id(node))
                found = cell.kind.match(node)
                if found is None:
                    raise self.tape.refuse("recursion-state", "a node that is not of its own kind")
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
                    raise tape.refuse("recursion-type", f"{self.made.__name__} raises") from None
                stager.check_state(self.existing, region)
                given = kin(stores(result, stager.traced))
                self.outer |= {s for s in given if s.depth < region.depth and not s.formal}
                found = self.forms.of(result)
                wide = self.forms.widen(self.form, found) if self.form is not None else found
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
        if apart.mixes() or effectful(region) or not plain(self.form):
            raise tape.refuse("recursion-state", f"{self.made.__name__} does more than to compute tensors for a node")
        return self.cell(node, region, apart, outputs)

    def cell(self, node: Any, region: Region, apart: Apart, outputs: list[Any]) -> Cell:
        """The finished kind, its function batched over nodes."""
        rows = [e for e in apart.rows if e.node in region.lifted]
        shared = [o for o in region.operands if o not in {e.node for e in rows}]
        if any(isinstance(e.value, torch.Tensor) and e.value.requires_grad for e in rows):
            raise self.tape.refuse("recursion-state", "a tensor of a node that requires a gradient")
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
        body = batched(self.tape, single, order, len(rows) + count)
        texts = [g.text for g in kind.facts], [s.path for s in (*kind.children, *kind.rows)], dtypes
        constants = [t.tolist() for t in single.buffers()]
        shape = f"{single.graph} {constants} {[id(o) for o in shared]} {texts}"
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
        return [Guard(g.source, f"{g.source.path} is an object", an_object) if any_type else g for g, any_type in free]

    def again(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A recursive call: the result of a child."""
        child = args[self.position]
        others = [a is b for k, (a, b) in enumerate(zip(args, self.args, strict=False)) if k != self.position]
        same = len(args) == len(self.args) and all(others) and list(kwargs) == list(self.kwargs)
        if not same or any(kwargs[name] is not self.kwargs[name] for name in kwargs):
            raise self.tape.refuse("recursion-state", "a recursive call with other arguments besides the node")
        source = self.world.sources.get(id(child))
        if source is None or source is NODE or self.tape.region is not self.region:
            raise self.tape.refuse("recursion-state", "a recursive call for something that is no child of the node")
        if self.form is None:
            raise Unsettled(child)
        self.watch.overlook(child)
        self.passed[source] = child
        self.children.append(source)
        value = self.forms.formal(self.form, self.inputs)
        for store in stores(value, self.stager.traced):
            store.formal = True
        return value


class Folding(Core):
    """Calls that recur over objects."""

    stack: list[Any]
    world: Any
    folds: list[Folded]
    unfoldable: dict[types.CodeType, BaseException]

    def fold(self, made: Any, args: tuple[Any, ...], kwargs: dict[str, Any], position: int) -> Any:
        """The call by a fold; Refused if it cannot be one."""
        tape, root = self.tape, args[position]
        source = self.world.sources[id(root)]
        name = f"<nodes of {made.__qualname__}>"
        recurring = Recurring(self, made, args, kwargs, position)
        examples = getattr(self.world.vary.get(name), "examples", ())
        try:
            recurring.settle([root, *examples])
        except Leak as leak:
            raise tape.refuse("leaked-value", str(leak)) from leak
        folded = self.matching(name, recurring)
        if folded is None:
            assert recurring.form is not None
            node = tape.emit(Fold((), (), (), ()), (), None, None)
            folded = Folded(node, name, recurring.form)
            folded.parts = [tape.item(node, index, None) for index in range(len(leaves(recurring.form)))]
            operands = dict.fromkeys(o for cell in recurring.cells for o in cell.operands)
            node.args = tuple(
                tape.region.use(o) for o in operands
            )  # so that gradients find their way; final at the end
            self.folds.append(folded)
        known_shapes = {cell.shape for cell in folded.cells}
        folded.cells += [cell for cell in recurring.cells if cell.shape not in known_shapes]
        folded.structure.roots.append(source)
        folded.nodes.append(root)
        return self.root_value(folded, recurring)

    def matching(self, name: str, recurring: Recurring) -> Folded | None:
        """A fold made before, for the same function with the same operands."""
        for folded in self.folds:
            if folded.structure.name != name or folded.node._erased or repr(folded.form) != repr(recurring.form):
                continue
            facts = {facts_of(cell.kind.facts): cell.shape for cell in folded.cells}
            alike = all(facts.get(facts_of(c.kind.facts), c.shape) == c.shape for c in recurring.cells)
            early = all(o.op == "placeholder" or o < folded.node for cell in recurring.cells for o in cell.operands)
            operands = {o for cell in folded.cells for o in cell.operands}
            if alike and early and all(o in operands for cell in recurring.cells for o in cell.operands):
                return folded
        return None

    def root_value(self, folded: Folded, recurring: Recurring) -> Any:
        """The result for the root that was added last."""
        tape, forms = self.tape, recurring.forms
        index = len(folded.nodes) - 1
        found = [tape.emit(aten.select.int, (part, 0, index), None, None) for part in folded.parts]
        saved = tape.region
        tape.region = cast(Region, Adopted(saved, found))
        try:
            value = forms.formal(folded.form, [])
        finally:
            tape.region = saved
        twins = tuple((s, s.version) for s in kin(recurring.outer))
        for store in stores(value, self.traced):
            store.twins = twins
        return value

    def close_folds(self) -> None:
        """The trace is over: the folds get their operands."""
        for folded in self.folds:
            if not folded.node._erased:
                self.close(folded)

    def close(self, folded: Folded) -> None:
        """The inputs of a fold, and its final target."""
        tape, world, structure = self.tape, self.world, folded.structure
        structure.kinds = [cell.kind for cell in folded.cells]
        if any(None in kind.dtypes for kind in structure.kinds):
            structure.written = [e.source for e in world.externals if e.source.path in world.written]
        written = [e.value for e in world.externals if e.source in structure.written]
        with self.unrecorded_world():
            values = structure.flat(folded.nodes, written)
        if values is None:
            raise tape.refuse("recursion-state", "the structure changed while it was traced")
        operands = list(dict.fromkeys(o for cell in folded.cells for o in cell.operands))
        plan = Source(structure.name, None, structure)
        world.guards.append(Guard(plan, f"all {structure.name.strip('<>')} are of known kinds", known))
        inputs: list[fx.Node] = []
        for index, (value, spec) in enumerate(zip(values, specs(folded), strict=True)):
            node = world.placeholder(spec)
            source = Source(f"{structure.name}[{index}]", plan, Item(index))
            with self.unrecorded_world():
                world.externals.append(External(world, value, source, node, "argument"))
            inputs.append(node)
        kinds: list[Function] = []
        for cell in folded.cells:
            function = Function(structure.name.strip("<>").split(".")[-1])
            function.body = cell.body
            kinds.append(function)
        counts = [(len(c.kind.rows), len(c.kind.children)) for c in folded.cells]
        chosen = [tuple(operands.index(o) for o in cell.operands) for cell in folded.cells]
        folded.node.target = Fold(kinds, [c[0] for c in counts], [c[1] for c in counts], chosen)
        folded.node.args = (*inputs, *operands)
        roots = len(folded.nodes)
        made = tuple(TensorSpec(f.dtype, (roots, *f.shape), str(f.device)) for f in leaves(folded.form))
        folded.node.meta["spec"] = made
        for part, spec in zip(folded.parts, made, strict=True):
            part.meta["spec"] = spec


def an_object(value: Any) -> bool:
    """Whether a recursive call for this value is one for a node."""
    return not isinstance(value, PLAIN)


def one(_: Any) -> int:
    """What a node counts for that holds nothing else."""
    return 1


def facts_of(facts: list[Guard]) -> str:
    """The facts of a kind as text."""
    return "; ".join(guard.text for guard in facts)


def leaves(form: Form) -> list[TensorForm]:
    """The tensors of a form."""
    if isinstance(form, TensorForm):
        return [form]
    return [leaf for part in form.parts for leaf in leaves(part)] if isinstance(form, PartsForm) else []


def plain(form: Form | None) -> bool:
    """Whether a form consists of tensors of known sizes and constants."""
    if isinstance(form, TensorForm):
        return all(isinstance(size, int) for size in form.shape)
    if isinstance(form, PartsForm):
        return all(map(plain, form.parts))
    return isinstance(form, ConstantForm)


def specs(folded: Folded) -> list[TensorSpec]:
    """The types of the inputs that a structure gives."""
    cells = folded.cells
    found = [TensorSpec(torch.int64, ("levels", len(cells))), TensorSpec(torch.int64, (len(folded.nodes),))]
    for k, cell in enumerate(cells):
        placeholders = [n for n in cell.body.graph.nodes if n.op == "placeholder"]
        for placeholder in placeholders[: len(cell.kind.rows)]:
            spec = placeholder.meta["spec"]
            found.append(TensorSpec(spec.dtype, (f"nodes{k}", *spec.shape[1:]), spec.device))
        found += [TensorSpec(torch.int64, (f"nodes{k}",)) for _ in cell.kind.children]
    return found
