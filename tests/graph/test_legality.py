"""Every rule of the legality table is broken once on purpose, and named when it is."""

from __future__ import annotations

import operator

import pytest
import torch

from diptych.errors import IllegalGraph
from diptych.graph import control, own
from diptych.graph.control import Function, Hole
from diptych.graph.fold import Fold
from diptych.graph.layout import Choice, Constant, Leaf, Rows, Sequence_
from diptych.graph.legality import RULES, check_legal, fits
from diptych.graph.program import Effect, Input, SymbolicGraph
from diptych.graph.spec import TensorSpec
from tests.graph.build import ABSENT, BOOL, FLOAT, INT, Block, aten, b8, f32, function, program, region
from tests.graph.samples import ALL

FAULTS = []


def fault(rule):
    def enter(build):
        FAULTS.append(pytest.param(rule, build, id=f"{rule}-{build.__name__}"))
        return build

    return enter


def one(build, spec=None, **kwargs):
    return program({"x": spec or f32(3)}, lambda b, x: build(b, x), Leaf(0), **kwargs)


def same(b, x):
    return (x,)


@fault("node-kind")
def calls_a_module():
    def build(b, x):
        b.root.inner = torch.nn.Identity()
        node = b.graph.call_module("inner", (x,))
        node.meta["spec"] = f32(3)
        return (node,)

    return one(build)


@fault("vocabulary")
def calls_an_unknown_function():
    return one(lambda b, x: (b.op(torch.sin, x, spec=f32(3)),))


@fault("vocabulary")
def calls_something_that_only_looks_registered():
    def neg(x):
        return -x

    return one(lambda b, x: (b.op(neg, x, spec=f32(3)),))


@fault("functional")
def writes_in_place():
    return one(lambda b, x: (b.op(aten.add_.Tensor, x, 1, spec=f32(3)),))


@fault("functional")
def writes_an_out_argument():
    return one(lambda b, x: (b.op(aten.add.out, x, 1, out=x, spec=f32(3)),))


@fault("attribute")
def names_nothing():
    def build(b, x):
        node = b.attribute(torch.zeros(3), f32(3))
        del b.root.attribute_0
        b.root.attribute_0 = torch.nn.Identity()
        return (node,)

    return one(build)


@fault("attribute")
def uses_a_region_as_a_value():
    return one(lambda b, x: (b.op(aten.neg.default, b.attribute(region([f32(3)], same)), spec=f32(3)),))


@fault("order")
def uses_a_value_of_the_parent():
    def build(b, x):
        outside = b.op(aten.neg.default, x, spec=f32(3))
        inner = Block()
        inner.parameter(f32(3))
        captured = inner.finish()
        inner_output = next(iter(reversed(captured.graph.nodes)))
        inner_output.args = ((outside,),)
        pred = b.op(operator.lt, 1, 2, spec=BOOL)
        return b.cond(pred, captured, region([f32(3)], same), [x], [f32(3)])

    return one(build)


@fault("order")
def uses_a_value_before_it_is_made():
    graph = one(lambda b, x: (b.op(aten.neg.default, b.op(aten.abs.default, x, spec=f32(3)), spec=f32(3)),))
    first, second = (node for node in graph.module.graph.nodes if node.op == "call_function")
    first.prepend(second)
    return graph


@fault("constant")
def passes_a_live_tensor():
    graph = one(lambda b, x: (b.op(aten.add.Tensor, x, 1, spec=f32(3)),))
    sum_node = next(node for node in graph.module.graph.nodes if node.op == "call_function")
    sum_node.args = (sum_node.args[0], torch.ones(3))
    return graph


@fault("spec")
def lacks_a_spec():
    return one(lambda b, x: (b.op(aten.neg.default, x, spec=None),))


@fault("spec")
def parameter_without_a_spec():
    def build(b, x):
        pred = b.op(operator.lt, 1, 2, spec=BOOL)
        return b.cond(pred, region([None], same), region([f32(3)], same), [x], [f32(3)])

    return one(build)


@fault("part")
def takes_a_part_that_is_not_there():
    def build(b, x):
        whole = b.op(aten.topk.default, x, 2, spec=(f32(2), TensorSpec(torch.int64, (2,))))
        return (b.op(operator.getitem, whole, 2, spec=f32(2)),)

    return one(build)


@fault("part")
def takes_a_part_with_another_spec():
    def build(b, x):
        whole = b.op(aten.topk.default, x, 2, spec=(f32(2), TensorSpec(torch.int64, (2,))))
        return (b.op(operator.getitem, whole, 1, spec=f32(2)),)

    return one(build)


@fault("control-form")
def cond_without_regions():
    return one(lambda b, x: (b.op(control.cond, True, x, x, (x,), spec=(f32(3),)),))


@fault("control-form")
def loop_without_operands():
    def build(b, x):
        test, body = b.attribute(region([f32(3)], lambda b, x: (True,))), b.attribute(region([f32(3)], same))
        return (b.part(b.op(control.while_loop, test, body, (x,), spec=(f32(3),)), 0),)

    return one(build)


def branch_on(pred_of, then=None, orelse=None, specs=None, operands=None):
    def build(b, x):
        sides = then or region([f32(3)], same), orelse or region([f32(3)], same)
        return b.cond(pred_of(b, x), *sides, operands or [x], specs or [f32(3)])

    return one(build)


def true(b, x):
    return b.op(operator.lt, 1, 2, spec=BOOL)


@fault("condition")
def branches_on_a_number():
    return branch_on(lambda b, x: b.op(operator.add, 1, 2, spec=INT))


@fault("condition")
def branches_on_a_vector():
    return branch_on(lambda b, x: b.op(aten.gt.Scalar, x, 0, spec=b8(3)))


@fault("arity")
def side_takes_too_few():
    return branch_on(true, then=region([], lambda b: (1.0,)))


@fault("operand-spec")
def side_expects_another_dtype():
    return branch_on(true, then=region([TensorSpec(torch.int64, (3,))], same))


@fault("sides")
def side_returns_too_many():
    return branch_on(true, then=region([f32(3)], lambda b, x: (x, x)))


@fault("side-spec")
def side_returns_another_size():
    return branch_on(true, then=region([f32(3)], lambda b, x: (b.op(aten.sum.default, x, spec=f32()),)))


@fault("side-spec")
def side_returns_a_number_for_a_tensor():
    return branch_on(true, orelse=region([f32(3)], lambda b, x: (1.0,)))


def repeat(test, body, carried=None, specs=None):
    def build(b, x):
        return b.loop(test, body, carried or [x], [], specs or [f32(3)])

    return one(build)


def go_on(b, x):
    return (b.op(aten.gt.Scalar, b.op(aten.sum.default, x, spec=f32()), 0, spec=b8()),)


@fault("condition")
def has_two_conditions():
    return repeat(region([f32(3)], lambda b, x: (True, True)), region([f32(3)], same))


@fault("condition")
def has_a_float_condition():
    return repeat(region([f32(3)], lambda b, x: (1.0,)), region([f32(3)], same))


@fault("carried")
def body_forgets_a_value():
    return repeat(region([f32(3)], go_on), region([f32(3)], lambda b, x: ()))


@fault("carried-spec")
def body_grows_a_fixed_size():
    grown = region([f32(3)], lambda b, x: (b.op(aten.cat.default, [x, x], spec=f32(6)),))
    return repeat(region([f32(3)], go_on), grown)


@fault("carried-spec")
def loop_claims_another_spec():
    return repeat(region([f32(3)], go_on), region([f32(3)], same), specs=[f32(4)])


@fault("carried-spec")
def body_turns_a_number_into_a_tensor():
    def build(b, x):
        test = region([INT], lambda b, n: (b.op(operator.lt, n, 3, spec=BOOL),))
        body = region([INT], lambda b, n: (b.op(aten.scalar_tensor.default, n, spec=f32()),))
        return b.loop(test, body, [0], [], [INT])

    return one(build)


@fault("function")
def function_without_a_body():
    return one(lambda b, x: b.parts(b.op(Function("g"), x, spec=(f32(3),))))


@fault("function")
def call_expects_more_results():
    g = function("g", [f32(3)], lambda b, itself, x: (x,))
    return one(lambda b, x: b.parts(b.op(g, x, spec=(f32(3), f32(3)))))


@fault("operand-spec")
def recursive_call_passes_another_rank():
    def body(b, itself, x):
        b.op(itself, b.op(aten.sum.default, x, spec=f32()), spec=(f32(3),))
        return (x,)

    g = function("g", [f32(3)], body)
    return one(lambda b, x: b.parts(b.op(g, x, spec=(f32(3),))))


def raising(arguments, outputs=(None,), after=False, operands=()):
    def then(b, x):
        b.fail(ValueError, arguments, *operands)
        if after:
            b.op(aten.neg.default, x, spec=f32(3))
        return outputs or (x,)

    return branch_on(true, then=region([f32(3)], then))


@fault("raise")
def goes_on_after_a_raise():
    return raising(("bad",), after=True)


@fault("raise")
def returns_a_value_after_a_raise():
    return raising(("bad",), outputs=())


@fault("raise")
def leaves_a_hole():
    return raising(("bad", Hole(1)), operands=(3,))


@fault("output")
def returns_no_tuple():
    block = Block()
    x = block.parameter(f32(3))
    block.graph.output(x)
    module = torch.fx.GraphModule(block.root, block.graph)
    return SymbolicGraph("f", module, (Input("x", f32(3), "argument", "x"),), Leaf(0))


@fault("output")
def returns_a_string():
    return one(lambda b, x: ("yes",))


@fault("output")
def returns_a_whole_tuple():
    return one(lambda b, x: (b.op(aten.topk.default, x, 2, spec=(f32(2), TensorSpec(torch.int64, (2,)))),))


@fault("inputs")
def declares_too_many_inputs():
    graph = one(same)
    return SymbolicGraph("f", graph.module, graph.inputs * 2, graph.result)


@fault("inputs")
def declares_another_spec():
    graph = one(same)
    return SymbolicGraph("f", graph.module, (Input("x", f32(4), "argument", "x"),), graph.result)


@fault("inputs")
def declares_another_role():
    graph = one(same)
    return SymbolicGraph("f", graph.module, (Input("x", f32(3), "weight", "x"),), graph.result)


@fault("layout")
def result_refers_to_nothing():
    graph = one(same)
    return SymbolicGraph("f", graph.module, graph.inputs, Sequence_(tuple, (Leaf(0), Choice(1, Leaf(0), Constant(1)))))


@fault("layout")
def effect_refers_to_nothing():
    graph = one(same)
    return SymbolicGraph(
        "f", graph.module, graph.inputs, Leaf(0), (Effect("item", "d[0]", Rows((3,), (False,), Leaf(0))),)
    )


def folding(change=lambda values: values, rows=(1, 0), shared=((), (0,)), body=None):
    """The sample with a fold, changed."""
    sample = ALL["folded"]()
    block, made = Block(), {}
    for node in sample.module.graph.nodes:
        if node.op == "placeholder":
            made[node] = block.parameter(node.meta["spec"], node.target)
    old = next(node for node in sample.module.graph.nodes if isinstance(node.target, Fold))
    leaf, inner = old.target.kinds
    if body is not None:
        leaf.body = body
    target = Fold((leaf, inner), rows, (0, 2), shared)
    (found,) = block.parts(block.op(target, *change([made[a] for a in old.args]), spec=(f32(1, 2),)))
    return SymbolicGraph("f", block.finish(found), sample.inputs, Leaf(0))


@fault("control-form")
def folds_too_few_values():
    return folding(lambda values: values[:4])


@fault("operand-spec")
def folds_with_counts_of_floats():
    return folding(lambda values: [values[2], *values[1:]])


@fault("arity")
def folds_without_a_shared_operand():
    return folding(lambda values: values[:-1])


@fault("arity")
def folds_with_more_data_than_a_kind_takes():
    return folding(rows=(2, 0), change=lambda values: [*values[:3], *values[2:]])


@fault("operand-spec")
def folds_with_a_shared_operand_of_another_type():
    return folding(change=lambda values: [*values[:5], values[3]])


@fault("function")
def folds_a_kind_with_more_results():
    return folding(body=region([f32("rows", 2)], lambda b, x: (x, x)))


@pytest.mark.parametrize(("rule", "build"), FAULTS)
def test_a_fault_is_named(rule, build):
    with pytest.raises(IllegalGraph) as caught:
        check_legal(build())
    assert caught.value.rule == rule
    assert RULES[rule] in str(caught.value)


def test_every_rule_has_a_fault():
    assert {parameter.values[0] for parameter in FAULTS} == set(RULES)


@pytest.mark.parametrize("name", ALL)
def test_samples_are_legal(name):
    check_legal(ALL[name]())


def test_an_error_names_node_and_source_line():
    def build(b, x):
        b.at(12, "x.add_(1)")
        return (b.op(aten.add_.Tensor, x, 1, spec=f32(3)),)

    with pytest.raises(IllegalGraph) as caught:
        one(build)
    text = str(caught.value)
    assert "model.py:12" in text
    assert "x.add_(1)" in text
    assert "aten.add_.Tensor" in text
    assert caught.value.node == "add__tensor"


def test_diverging_side_is_exempt():
    check_legal(raising(("bad",)))


def test_a_registered_operation_is_legal(monkeypatch):
    monkeypatch.setattr(own, "OWN", {})

    @own.register("twice")
    def twice(x):
        return x + x

    graph = one(lambda b, x: (b.op(twice, x, spec=f32(3)),))
    assert torch.equal(graph(torch.ones(3)), torch.full((3,), 2.0))
    with pytest.raises(ValueError, match="registered already"):
        own.register("twice")(twice)
    with pytest.raises(ValueError, match="identifier"):
        own.register("two words")


def test_fits():
    assert fits(f32(3), f32("s0"))
    assert fits(f32("s0"), f32(3))
    assert not fits(f32(3), f32(3, 1))
    assert not fits(f32(3), TensorSpec(torch.float64, (3,)))
    assert fits(BOOL, INT)
    assert fits(INT, FLOAT)
    assert not fits(FLOAT, INT)
    assert fits(ABSENT, f32(3))
    assert not fits(f32(), FLOAT)
