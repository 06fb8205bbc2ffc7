"""What makes a graph legal. The rules are data; `check_legal` walks the graph once and names the first one broken."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import fx
from torch._ops import OpOverload

from diptych.errors import IllegalGraph
from diptych.graph import vocabulary, walk
from diptych.graph.control import Function, Hole, Raise, cond, while_loop
from diptych.graph.fold import Fold
from diptych.graph.layout import Choice, Constant, Layout, Leaf, Rows, Shared
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, TensorSpec, Where

if TYPE_CHECKING:
    from diptych.graph.program import SymbolicGraph

RULES: dict[str, str] = {
    "node-kind": "a node is a placeholder, get_attr, call_function or output",
    "vocabulary": "a target is an operator overload, Python's function on numbers, control flow, or an own op",
    "functional": "no operator writes into its arguments",
    "attribute": "get_attr names a region or a tensor of its own module",
    "order": "arguments are nodes that stand earlier in the same graph",
    "constant": "constant arguments are numbers, strings, dtypes and the like, never live tensors",
    "spec": "every value has a spec: a Spec, or a tuple of them",
    "part": "a part taken out of a value with several parts exists, and has the same spec",
    "control-form": "control flow has its regions and tuples in their places",
    "condition": "a condition is one bool: a Python bool or a 0-d bool tensor",
    "arity": "a region has one parameter for each operand",
    "operand-spec": "a parameter of a region fits the operand it receives",
    "sides": "both sides of a cond return as many values as the cond has",
    "side-spec": "what a side returns fits the spec of the cond",
    "carried": "the body of a loop returns as many values as are carried",
    "carried-spec": "what a loop carries keeps its spec from round to round",
    "function": "a function has a body whose parameters and results are those of the call",
    "raise": "a raise is the last step of its region, whose outputs are then all None, and its holes are filled",
    "output": "a graph ends in one flat tuple of values, Python numbers or None",
    "inputs": "the placeholders of the graph are its inputs, in order",
    "layout": "result and effects refer to outputs that exist",
}
"""Name of a rule -> what it says."""

_CONSTANTS = (
    *(bool, int, float, complex, str, type(None), type(Ellipsis)),
    *(torch.dtype, torch.device, torch.layout, torch.memory_format),
)


def check_legal(graph: SymbolicGraph) -> None:
    """Raise `IllegalGraph` if a rule of `RULES` is broken anywhere in `graph`."""
    _check_module(graph.module)
    _check_inputs(graph)
    for function in walk.functions(graph.module):
        assert function.body is not None  # checked at its calls
        _check_module(function.body)
    count = len(walk.outputs(graph.module))
    for layout in (graph.result, *(effect.value for effect in graph.effects)):
        for index in indices(layout):
            if not 0 <= index < count:
                raise _illegal("layout", f"a layout refers to output {index}, but there are {count} outputs")


def fits(value: Spec, slot: Spec) -> bool:
    """Whether a value of spec `value` may stand where `slot` is declared.

    Tensors keep dtype and rank; a known size needs the same size or a symbolic one on either side. A bool may stand for
    an int and an int for a float, as in Python. What is absent fits everywhere, and everything fits an absent slot.
    """
    match value, slot:
        case (AbsentSpec(), _) | (_, AbsentSpec()):
            return True
        case TensorSpec(), TensorSpec():
            sizes = zip(value.shape, slot.shape, strict=False)
            same = all(a == b or isinstance(a, str) or isinstance(b, str) for a, b in sizes)
            return same and value.dtype == slot.dtype and len(value.shape) == len(slot.shape)
        case NumberSpec(), NumberSpec():
            wider = {"bool": ("int", "float"), "int": ("float",)}
            return value == slot or slot.kind in wider.get(value.kind, ())
        case _:
            return False


def indices(layout: Layout) -> Iterator[int]:
    """Every output number that a layout refers to (of `Rows`, its columns)."""
    match layout:
        case Leaf(index):
            yield index
        case Constant():
            return
        case Choice(tag, then, orelse):
            yield tag
            yield from indices(then)
            yield from indices(orelse)
        case Rows(columns):
            yield from columns
        case Shared(_, value):
            yield from indices(value)
        case _:
            for item in layout.items:
                yield from indices(item)


def _illegal(rule: str, what: str, node: fx.Node | None = None, where: Where | None = None) -> IllegalGraph:
    if node is not None:
        return IllegalGraph(rule, what, node.name, where or walk.where_of(node), RULES[rule])
    return IllegalGraph(rule, what, "", where, RULES[rule])


def _check_inputs(graph: SymbolicGraph) -> None:
    nodes = walk.placeholders(graph.module)
    if len(nodes) != len(graph.inputs):
        raise _illegal("inputs", f"{len(graph.inputs)} inputs are declared, the module takes {len(nodes)}")
    for node, declared in zip(nodes, graph.inputs, strict=True):
        if node.meta["spec"] != declared.spec:
            raise _illegal("inputs", f"{declared.path} is {declared.spec}, its node {node.meta['spec']}", node)
        if declared.role not in ("argument", "state"):
            raise _illegal("inputs", f"{declared.path} has role {declared.role!r}, not argument or state", node)


def _check_module(module: fx.GraphModule) -> None:
    seen: set[fx.Node] = set()
    for node in module.graph.nodes:
        if node.op not in ("placeholder", "get_attr", "call_function", "output"):
            raise _illegal("node-kind", f"a node of kind {node.op}", node)
        for argument in node.all_input_nodes:
            if argument not in seen:
                raise _illegal("order", f"{argument.name} does not stand before its use", node)
        if node.op == "output":
            _check_output(node)
            continue
        if node.op == "get_attr":
            _check_attribute(node, module)
        elif node.op == "call_function":
            _check_call(node)
        if walk.region(node) is None and not isinstance(node.target, Raise):
            _check_spec(node)
        for inner in walk.regions(node):
            _check_module(inner)
        if node.op == "call_function":
            _check_form(node)
        seen.add(node)
    if not any(node.op == "output" for node in module.graph.nodes):
        raise _illegal("output", "a graph without an output")


def _check_attribute(node: fx.Node, module: fx.GraphModule) -> None:
    found = walk.attribute(module, str(node.target))
    if not isinstance(found, torch.Tensor | fx.GraphModule):
        raise _illegal("attribute", f"{node.target!r} names {type(found).__name__}, no region and no tensor", node)
    if isinstance(found, fx.GraphModule):
        for user in node.users:
            if not any(found is inner for inner in walk.regions(user)):
                raise _illegal("attribute", f"the region {node.target} is used as a value by {user.name}", node)


def _check_call(node: fx.Node) -> None:
    target = node.target
    if vocabulary.name_of(target) is None:
        raise _illegal("vocabulary", f"target {getattr(target, '__qualname__', target)!s}", node)
    if isinstance(target, OpOverload) and target._schema.is_mutable:
        raise _illegal("functional", f"{target} writes into its arguments", node)
    for constant in _constants((node.args, node.kwargs)):
        if not isinstance(constant, _CONSTANTS):
            raise _illegal("constant", f"an argument of type {type(constant).__name__}", node)


def _constants(value: object) -> Iterator[object]:
    """The leaves of an argument structure that are not nodes."""
    match value:
        case fx.Node():
            return
        case tuple() | list():
            for item in value:
                yield from _constants(item)
        case dict():
            yield from _constants(list(value.values()))
        case slice():
            yield from _constants((value.start, value.stop, value.step))
        case _:
            yield value


def _check_spec(node: fx.Node) -> None:
    spec = node.meta.get("spec")
    found = spec if isinstance(spec, tuple) else (spec,)
    for one in found:
        if not isinstance(one, TensorSpec | NumberSpec | AbsentSpec):
            raise _illegal("spec", f"its spec is {one!r}", node)


def _check_output(node: fx.Node) -> None:
    flat = node.args[0] if node.args else None
    if not isinstance(flat, tuple | list):
        raise _illegal("output", f"the output is {flat!r}, not a tuple", node)
    for value in flat:
        if not isinstance(value, fx.Node | bool | int | float | None):
            raise _illegal("output", f"an output of type {type(value).__name__}", node)
        if isinstance(value, fx.Node) and not isinstance(value.meta.get("spec"), Spec):
            raise _illegal("output", f"{value.name} is not one value", node)


def _check_form(node: fx.Node) -> None:
    target = node.target
    if target is cond:
        _check_cond(node)
    elif target is while_loop:
        _check_loop(node)
    elif isinstance(target, Function):
        _check_function_call(node, target)
    elif isinstance(target, Fold):
        _check_fold(node, target)
    elif isinstance(target, Raise):
        _check_raise(node, target)
    elif target is operator.getitem and isinstance(node.args[0], fx.Node) and walk.parts(node.args[0]) is not None:
        _check_part(node)


def _check_part(node: fx.Node) -> None:
    found = walk.component(node)
    specs = walk.parts(node.args[0])  # type: ignore[arg-type]
    assert specs is not None
    if found is None or not 0 <= found[1] < len(specs):
        raise _illegal("part", f"part {node.args[1]!r} of {len(specs)}", node)
    if node.meta["spec"] != specs[found[1]]:
        raise _illegal("part", f"part {found[1]} is {specs[found[1]]}, taken out as {node.meta['spec']}", node)


def _check_cond(node: fx.Node) -> None:
    if len(node.args) != 4 or len(walk.regions(node)) != 2 or not isinstance(node.args[3], tuple | list):
        raise _illegal("control-form", "a cond is (condition, then, else, operands)", node)
    specs = _result_specs(node)
    _check_condition(node, node.args[0])
    for name, side in zip(("then", "else"), walk.regions(node), strict=True):
        _check_parameters(node, name, side, walk.operands(node))
        values = walk.outputs(side)
        if len(values) != len(specs):
            raise _illegal("sides", f"the {name} side returns {len(values)} values, the cond has {len(specs)}", node)
        _check_values(node, "side-spec", name, values, specs)


def _check_loop(node: fx.Node) -> None:
    tuples = len(node.args) == 4 and all(isinstance(value, tuple | list) for value in node.args[2:])
    if not tuples or len(walk.regions(node)) != 2:
        raise _illegal("control-form", "a while_loop is (test, body, carried, operands)", node)
    test, body = walk.regions(node)
    for name, inner in (("test", test), ("body", body)):
        _check_parameters(node, name, inner, walk.operands(node))
    if len(walk.outputs(test)) != 1:
        raise _illegal("condition", f"the test returns {len(walk.outputs(test))} values", node)
    if not walk.diverges(test):
        _check_condition(node, walk.outputs(test)[0])
    carried = node.args[2]
    assert isinstance(carried, tuple | list)
    specs, values = _result_specs(node), walk.outputs(body)
    if not len(values) == len(carried) == len(specs):
        what = f"the loop carries {len(carried)} values and has {len(specs)}, its body returns {len(values)}"
        raise _illegal("carried", what, node)
    parameters = tuple(_one_spec(parameter) for parameter in walk.placeholders(body)[: len(carried)])
    _check_values(node, "carried-spec", "body", values, parameters)
    tested = tuple(_one_spec(parameter) for parameter in walk.placeholders(test)[: len(carried)])
    _check_values(node, "carried-spec", "test", values, tested)
    _check_values(node, "carried-spec", "loop", [*walk.placeholders(body)[: len(carried)]], specs)


def _check_function_call(node: fx.Node, function: Function) -> None:
    if function.body is None:
        raise _illegal("function", f"{function.name} has no body", node)
    _check_parameters(node, function.name, function.body, walk.operands(node))
    values, specs = walk.outputs(function.body), _result_specs(node)
    if len(values) != len(specs):
        raise _illegal("function", f"{function.name} returns {len(values)} values, the call has {len(specs)}", node)
    _check_values(node, "function", function.name, values, specs)


def _check_fold(node: fx.Node, fold: Fold) -> None:
    if len(node.args) < 2 + sum(fold.rows) + sum(fold.children):
        raise _illegal("control-form", "a fold is (counts, roots, data and children of each kind, operands)", node)
    for position, rank in ((0, 2), (1, 1)):
        spec = walk.spec_of(node.args[position])
        if not isinstance(spec, TensorSpec) or spec.dtype != torch.int64 or len(spec.shape) != rank:
            raise _illegal("operand-spec", f"fold: value {position} is {spec}", node)
    chosen = [index for indices in fold.shared for index in indices]
    if len(node.args) - 2 - sum(fold.rows) - sum(fold.children) < max(chosen, default=-1) + 1:
        raise _illegal("arity", f"a fold that shares operand {max(chosen)} receives {len(node.args)} values", node)
    data, places, shared = fold.parts(node.args[2:])
    specs = _result_specs(node)
    for k, function in enumerate(fold.kinds):
        if function.body is None:
            raise _illegal("function", f"{function.name} has no body", node)
        parameters = walk.placeholders(function.body)
        results = len(specs) * len(places[k])
        operands = shared[k]
        if len(parameters) != len(data[k]) + results + len(operands):
            what = (
                f"{function.name} takes {len(parameters)} values and receives {len(data[k]) + results + len(operands)}"
            )
            raise _illegal("arity", what, node)
        given = parameters[len(data[k]) + results :]
        _check_values(node, "operand-spec", function.name, operands, tuple(_one_spec(p) for p in given))
        values = walk.outputs(function.body)
        if len(values) != len(specs):
            raise _illegal("function", f"{function.name} returns {len(values)} values, the fold has {len(specs)}", node)
        for value, spec in zip(values, specs, strict=True):
            found = walk.spec_of(value)
            if not isinstance(found, TensorSpec) or not isinstance(spec, TensorSpec):
                raise _illegal("function", f"{function.name} returns {found}, the fold has {spec}", node)
            if (found.dtype, found.shape[1:]) != (spec.dtype, spec.shape[1:]):
                raise _illegal("function", f"{function.name} returns {found}, the fold has {spec}", node)


def _check_raise(node: fx.Node, target: Raise) -> None:
    given = [argument for link in target.chain() for argument in link.arguments]
    holes = [argument.index for argument in given if isinstance(argument, Hole)]
    if any(not 0 <= index < len(node.args) for index in holes):
        raise _illegal("raise", f"hole {max(holes)} is not filled: there are {len(node.args)} operands", node)
    if node.next.op != "output":
        raise _illegal("raise", f"{node.next.name} comes after it", node)
    if any(value is not None for value in walk.outputs(walk.owner(node))):
        raise _illegal("raise", "its region returns values", node)


def _check_parameters(node: fx.Node, name: str, inner: fx.GraphModule, values: tuple[Any, ...]) -> None:
    parameters = walk.placeholders(inner)
    if len(parameters) != len(values):
        raise _illegal("arity", f"{name} takes {len(parameters)} values and receives {len(values)}", node)
    specs = tuple(_one_spec(parameter) for parameter in parameters)
    _check_values(node, "operand-spec", name, values, specs)


def _check_values(node: fx.Node, rule: str, name: str, values: Any, specs: tuple[Spec, ...]) -> None:
    for position, (value, slot) in enumerate(zip(values, specs, strict=True)):
        spec = walk.spec_of(value)
        if spec is None or isinstance(spec, tuple) or not fits(spec, slot):
            raise _illegal(rule, f"{name}: value {position} is {spec}, its place is {slot}", node)


def _check_condition(node: fx.Node, value: object) -> None:
    spec = walk.spec_of(value)
    if spec != NumberSpec("bool") and not (
        isinstance(spec, TensorSpec) and (spec.dtype, spec.shape) == (torch.bool, ())
    ):
        raise _illegal("condition", f"the condition is {spec}", node)


def _result_specs(node: fx.Node) -> tuple[Spec, ...]:
    specs = walk.parts(node)
    if specs is None:
        raise _illegal("spec", "its value is a flat tuple, its spec is none", node)
    return specs


def _one_spec(node: fx.Node) -> Spec:
    spec = node.meta.get("spec")
    if not isinstance(spec, Spec):
        raise _illegal("spec", f"its spec is {spec!r}", node)
    return spec
