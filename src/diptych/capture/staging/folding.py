"""Recursion over Python objects: the function is traced once for each kind of node, and a `fold` runs the levels.

The results of the children are placeholders while a node is traced; the objects are walked by Python at each call.
"""

from __future__ import annotations

import types
from typing import Any, cast

import torch
from torch import fx

from diptych.capture.guards import Guard
from diptych.capture.regions import Leak, Region
from diptych.capture.sources import Item, Source
from diptych.capture.staging.apart import Apart, reachable
from diptych.capture.staging.carried import Adopted
from diptych.capture.staging.core import Core, Signal
from diptych.capture.staging.externals import External
from diptych.capture.staging.form_types import Form, PartsForm, TensorForm
from diptych.capture.staging.kinds import Cell, Recurring
from diptych.capture.staging.packing import stores
from diptych.capture.structure import Structure, known
from diptych.capture.tensors import kin
from diptych.graph.control import Function
from diptych.graph.fold import Fold
from diptych.graph.spec import TensorSpec

aten = torch.ops.aten


class FoldInstead(Signal):
    """This call recurs over objects of the outside: it is to be traced once for each kind of node."""

    def __init__(self, activation: Any, position: int) -> None:
        self.activation = activation
        self.position = position


class Folded:
    """A fold of the graph, to which later calls may add roots and kinds."""

    def __init__(self, node: fx.Node, name: str, position: int, form: Form) -> None:
        self.node = node
        self.form = form
        self.cells: list[Cell] = []
        self.structure = Structure(name, position)
        self.nodes: list[Any] = []
        self.parts: list[fx.Node] = []


class Folding(Core):
    """Calls that recur over objects."""

    stack: list[Any]
    world: Any
    folds: list[Folded]
    unfoldable: set[types.CodeType]

    def foldable(self, made: types.FunctionType, args: tuple[Any, ...]) -> int | None:
        """The argument over which a function is known to recur, if there is an object."""
        name = nodes_of(made)
        places = [folded.structure.position for folded in self.folds if folded.structure.name == name]
        if name in self.world.vary:
            places.append(self.world.vary[name].position)
        return places[0] if places and self.world.is_record(args[places[0]]) else None

    def fold(self, made: Any, args: tuple[Any, ...], kwargs: dict[str, Any], position: int) -> Any:
        """The call by a fold; Refused if it cannot be one."""
        tape, root = self.tape, args[position]
        source = self.world.sources[id(root)]
        name = nodes_of(made)
        Apart(self.world, reachable(root)).check()  # the structure is read before the graph runs
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
            folded = Folded(node, name, position, recurring.form)
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
            raise tape.refuse("recursion-objects", "the structure changed while it was traced")
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


def nodes_of(made: types.FunctionType) -> str:
    """What the structures are called over which a function recurs."""
    return f"<nodes of {made.__qualname__}>"


def facts_of(facts: list[Guard]) -> str:
    """The facts of a kind as text."""
    return "; ".join(guard.text for guard in facts)


def leaves(form: Form) -> list[TensorForm]:
    """The tensors of a form."""
    if isinstance(form, TensorForm):
        return [form]
    return [leaf for part in form.parts for leaf in leaves(part)] if isinstance(form, PartsForm) else []


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
