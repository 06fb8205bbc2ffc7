"""A graph in the exchange format: core operations, and torch's own higher-order operations for control flow.

What other compilers read. Their values are tensors only, so that Python numbers become tensors without dimensions
within, and numbers again at the end. Gradients are steps of a graph already; torch's autograd of `while_loop` is not
used: in torch 2.13 it is wrong for loops of no rounds and for second derivatives.

| not in the format | why |
|---|---|
| random draws | other compilers draw other numbers, in branches and loops more than once |
| `scan`, `while_stack`, functions, exceptions, own operations | no operation of torch means the same |
| numbers in the arguments of operations | as tensors they would change dtypes |
| arithmetic of whole numbers other than counting | it would overflow where Python does not |
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx
from torch._ops import OpOverload

from diptych.backends.native.call import NativeFailed
from diptych.errors import DiptychError
from diptych.graph import walk
from diptych.graph.control import cond, while_loop
from diptych.graph.own import OWN
from diptych.graph.regions import Holder
from diptych.graph.spec import NumberSpec, Spec, TensorSpec, Where

aten = torch.ops.aten
HIGHER: Any = torch.ops.higher_order
DTYPES = {"bool": torch.bool, "int": torch.int64}
COMPARED = {operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.and_, operator.or_}
COUNTED = {operator.add, operator.sub}
STEP = 2**31
"""How far a counter goes in one step, at most."""

Run = Callable[..., Sequence[Any]]


class NotExchanged(DiptychError):
    """A graph has a step that the exchange format has no word for, or that another compiler refuses."""

    def __init__(self, what: str, where: Where | None = None, why: str = "") -> None:
        super().__init__(what, where, why, "the graph runs operation by operation instead")


@dataclass
class Exchanged:
    """A graph in the exchange format.

    Attributes:
        module: takes the inputs as tensors, gives `results` as far as they are computed, then the `checks`.
        results: the program's outputs: computed (True, its spec), or given: (False, number of the input or constant).
        checks: what the last outputs of the module have to be.
    """

    module: fx.GraphModule
    inputs: list[fx.Node]
    results: list[tuple[bool, Any]] = field(default_factory=list[tuple[bool, Any]])
    checks: list[bool] = field(default_factory=list[bool])

    def function(self, run: Run) -> Callable[..., tuple[Any, ...]]:
        """The graph as a function over its flat inputs, where `run` runs the module on tensors."""

        def call(*flat: Any) -> tuple[Any, ...]:
            made = list(run(*tensors(flat)))
            split = len(made) - len(self.checks)
            if any(bool(value) != expected for value, expected in zip(made[split:], self.checks, strict=True)):
                raise NativeFailed("a path that the code is not for")
            computed = iter(made[:split])
            found: list[Any] = []
            for own, what in self.results:
                if own:
                    value = next(computed)
                    found.append(value.item() if isinstance(what, NumberSpec) else value)
                else:
                    found.append(flat[self.inputs.index(what)] if isinstance(what, fx.Node) else what)
            return tuple(found)

        return call


def tensors(flat: Sequence[Any]) -> list[torch.Tensor]:
    """The inputs as tensors."""
    return [value if isinstance(value, torch.Tensor) else torch.tensor(value) for value in flat]


def exchange(module: fx.GraphModule) -> Exchanged:
    """A graph of core operations (`Written.forward` or `.backward`) in the exchange format; else `NotExchanged`."""
    writer = Writer(module)
    made = Exchanged(module, walk.placeholders(module))
    returned: list[fx.Node] = []
    for value in walk.outputs(module):
        if isinstance(value, fx.Node) and value.op != "placeholder":
            made.results.append((True, value.meta.get("spec")))
            returned.append(writer.known[value])
        else:
            made.results.append((False, value))
    made.checks = [expected for _, expected in writer.checks]
    made.module = writer.finish([*returned, *(node for node, _ in writer.checks)])
    return made


class Writer:
    """Writes one module; `inside` says whether it is a region."""

    def __init__(self, module: fx.GraphModule, inside: bool = False) -> None:
        self.module, self.inside = module, inside
        self.graph = fx.Graph()
        self.members: dict[str, Any] = {}
        self.known: dict[fx.Node, Any] = {}
        self.checks: list[tuple[fx.Node, bool]] = []
        for node in module.graph.nodes:
            if node.op == "placeholder":
                check(node.meta.get("spec"), node)
                self.known[node] = self.graph.placeholder(node.name)
            elif node.op == "get_attr" and walk.region(node) is None:
                self.known[node] = self.member(walk.attribute(module, str(node.target)))
            elif node.op == "call_function":
                self.known[node] = self.step(node)

    def member(self, value: Any) -> fx.Node:
        """A constant or a region."""
        name = f"m{len(self.members)}"
        self.members[name] = value
        return self.graph.create_node("get_attr", name, name=name)

    def step(self, node: fx.Node) -> Any:
        """One step."""
        target = node.target
        if target is cond:
            then, orelse = (self.region(region) for region in walk.regions(node))
            pred, operands = self.tensor(node.args[0], node), [self.tensor(v, node) for v in walk.operands(node)]
            return self.graph.call_function(HIGHER.cond, (pred, then, orelse, tuple(operands)))
        if target is while_loop:
            test, body = (self.region(region, single=k == 0) for k, region in enumerate(walk.regions(node)))
            carried, operands = (tuple(self.tensor(v, node) for v in values) for values in node.args[2:4])  # type: ignore[union-attr]
            return self.graph.call_function(HIGHER.while_loop, (test, body, carried, operands))
        if target is operator.getitem and walk.component(node) is not None:
            return self.graph.call_function(operator.getitem, (self.known[node.args[0]], node.args[1]))  # type: ignore[index]
        if target is bool:
            return self.truth(node)
        if target is OWN["assume"] and not self.inside:
            self.checks.append((self.tensor(node.args[0], node), bool(node.args[1])))
            return None
        if target is operator.not_:
            return self.graph.call_function(aten.logical_not.default, (self.tensor(node.args[0], node),))
        if target in COMPARED or (target in COUNTED and counts(node)):
            return self.graph.call_function(target, tuple(self.value(v) for v in node.args))  # type: ignore[arg-type]
        if not isinstance(target, OpOverload):
            raise NotExchanged(f"`{getattr(target, '__name__', target)}` in the exchange format", walk.where_of(node))
        if torch.Tag.nondeterministic_seeded in target.tags:
            raise NotExchanged(f"the random draw {target}", walk.where_of(node), "other compilers draw other numbers")
        if any(isinstance(used.meta.get("spec"), NumberSpec) for used in node.all_input_nodes):
            raise NotExchanged(f"a number that is computed, as an argument of {target}", walk.where_of(node))
        args, kwargs = fx.map_arg((node.args, node.kwargs), lambda used: self.known[used])  # type: ignore[misc]
        return self.graph.call_function(target, args, kwargs)

    def truth(self, node: fx.Node) -> fx.Node:
        """The truth of a value as a tensor without dimensions."""
        value = node.args[0]
        spec = walk.spec_of(value)
        if isinstance(spec, TensorSpec) and any(n != 1 for n in spec.shape):
            raise NotExchanged("the truth of a tensor that has not one element", walk.where_of(node))
        single = self.graph.call_function(aten.reshape.default, (self.tensor(value, node), []))
        return self.graph.call_function(aten.ne.Scalar, (single, 0))

    def value(self, value: Any) -> Any:
        """A node's value here, or the constant."""
        return self.known[value] if isinstance(value, fx.Node) else value

    def tensor(self, value: Any, node: fx.Node) -> Any:
        """A value as a tensor."""
        if isinstance(value, fx.Node):
            check(value.meta.get("spec"), node)
            return self.known[value]
        if type(value) not in (bool, int) or abs(value) >= 2**63:
            raise NotExchanged(f"{value!r} in control flow", walk.where_of(node))
        dtype = torch.bool if isinstance(value, bool) else torch.int64
        return self.graph.call_function(aten.full.default, ([], value), {"dtype": dtype})

    def region(self, module: fx.GraphModule, single: bool = False) -> fx.Node:
        """A region: it returns tensors of its own, not its operands, and none twice (`single`: one, not a tuple)."""
        writer = Writer(module, inside=True)
        last = next(node for node in module.graph.nodes if node.op == "output")
        returned: list[Any] = []
        for value in walk.outputs(module):
            made = writer.tensor(value, last)
            if made in returned or (isinstance(value, fx.Node) and value.op in ("placeholder", "get_attr")):
                made = writer.graph.call_function(aten.clone.default, (made,))
            returned.append(made)
        return self.member(writer.finish(returned, single))

    def finish(self, returned: list[Any], single: bool = False) -> fx.GraphModule:
        """The module."""
        self.graph.output(returned[0] if single else tuple(returned))
        return fx.GraphModule(Holder(self.members), self.graph)


def check(spec: Spec | tuple[Spec, ...] | None, node: fx.Node) -> None:
    """Refuse what cannot be a tensor."""
    if not isinstance(spec, TensorSpec) and not (isinstance(spec, NumberSpec) and spec.kind in DTYPES):
        raise NotExchanged(f"a value of type {spec}", walk.where_of(node))


def counts(node: fx.Node) -> bool:
    """Whether a step adds a small constant: it cannot overflow in any number of rounds that a machine runs."""
    constants = [value for value in node.args if type(value) is int and abs(value) < STEP]
    spec = node.meta.get("spec")
    return len(constants) == 1 and isinstance(spec, NumberSpec) and spec.kind == "int"
