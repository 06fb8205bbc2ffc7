"""The written program is standalone, reads like Python, and gives the graph's values, gradients and exceptions."""

from __future__ import annotations

import inspect
import math
import operator
import subprocess
import sys
from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch

from diptych.errors import PythonTextError
from diptych.graph import own
from diptych.graph.control import Hole
from diptych.graph.functions import AutogradFunction
from diptych.graph.layout import Constant, Leaf, Object_, Rows, Sequence_
from diptych.graph.program import Effect
from diptych.graph.python_text import own_source
from diptych.graph.spec import TensorSpec
from tests.graph import samples
from tests.graph.build import BOOL, FLOAT, INT, alike, aten, b8, f32, function, program, region
from tests.graph.test_storage import INPUTS


def write(graph):
    """Run the written program's text in a fresh namespace; returns `program` with its state filled in."""
    text = graph.to_python()
    assert "diptych" not in text
    names = {"__name__": "written"}
    exec(compile(text, "written.py", "exec"), names)
    state = graph.python_state()
    takes_state = names["program"].__code__.co_varnames[: names["program"].__code__.co_argcount][-1:] == ("state",)
    assert takes_state or not state
    return (lambda *args: names["program"](*args, state)) if takes_state else names["program"]


def clones(args):
    return [a.clone() if isinstance(a, torch.Tensor) else a for a in args]


@pytest.mark.parametrize("name", samples.ALL)
def test_values(name):
    graph = samples.ALL[name]()
    written = write(graph)
    for args in INPUTS[name]:
        assert alike(written(*clones(args)), graph(*clones(args)))


@pytest.mark.parametrize("name", ["branch", "loop", "nested", "recursion", "constants"])
def test_first_and_second_gradients(name):
    graph = samples.ALL[name]()
    written = write(graph)
    for args in INPUTS[name]:
        results = []
        for run in (graph, written):
            x, *rest = clones(args)
            x.requires_grad_()
            flat = [y for y in torch.utils._pytree.tree_leaves(run(x, *rest)) if isinstance(y, torch.Tensor)]
            total = sum((y**3).sum() for y in flat) + x.sum()
            (first,) = torch.autograd.grad(total, x, create_graph=True)
            (second,) = torch.autograd.grad((first + 0 * x).sum(), x)
            results.append((first, second))
        assert torch.equal(results[0][0], results[1][0])
        assert alike(results[0][1], results[1][1])


def body_of(graph):
    """The lines of `program` after its docstring, without comments."""
    lines = graph.to_python().split('"""\n')[-1].splitlines()
    return "\n".join(line[4:] for line in lines if line.strip() and not line.strip().startswith("#"))


def test_control_flow_reads_like_python():
    assert body_of(samples.branch()) == (
        'weight = state["self.weight"]\n'
        "if x.sum() > 0:\n"
        "    y = torch.relu(x @ weight)\n"
        "    value = 1\n"
        "else:\n"
        "    y = -x\n"
        "    value = 2\n"
        "return y, value"
    )
    assert body_of(samples.nested()) == (
        "value, value_1 = x, 0\n"
        "while value_1 < 4:\n"
        "    if value.sum() > 2.0:\n"
        "        value_2 = value\n"
        "        while torch.abs(value_2).max() > 1.0:\n"
        "            value_2 = value_2 / 2\n"
        "    elif value_1 % 2 == 1:\n"
        "        value_2 = value * 3.0\n"
        "    else:\n"
        "        value_2 = value + 0.75\n"
        "    value, value_1 = value_2, value_1 + 1\n"
        "return value"
    )


def test_recursion_reads_like_python():
    text = samples.recursion().to_python()
    assert "def power(p0, p1):\n" in text
    assert "p0 * power(p0, p1 - 1)" in text
    assert "    return power(x, count.item())\n" in text


def test_source_lines_are_comments():
    text = samples.branch().to_python()
    assert "        # model.py:3  y = torch.relu(x @ w)\n        y = torch.relu(x @ weight)\n" in text


def test_exceptions():
    written = write(samples.guarded())
    assert written(2.25) == 1.5
    with pytest.raises(ValueError, match="negative") as caught:
        written(-4.0)
    assert caught.value.args == ("negative", -4.0)


def test_it_runs_where_diptych_is_not_installed(tmp_path):
    graph = samples.branch()
    (tmp_path / "written.py").write_text(graph.to_python())
    torch.save(graph.python_state(), tmp_path / "state.pt")
    code = (
        "import sys, importlib.util, torch\n"
        "sys.meta_path.insert(0, type('Block', (), {'find_spec': staticmethod(lambda name, *a: "
        "(_ for _ in ()).throw(ImportError(name)) if name.split('.')[0] == 'diptych' else None)}))\n"
        "from written import program\n"
        "print(program(torch.tensor([1.0, 2.0, -0.5]), torch.load('state.pt')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(graph(torch.tensor([1.0, 2.0, -0.5])))


def test_effects_are_carried_out(capsys):
    graph = samples.layouts()
    names = {}
    exec(graph.to_python(), names)
    state = {"self.total": torch.zeros(3)}
    total = state["self.total"]
    names["program"](torch.tensor([1.0, -2.0, 3.0]), state)
    assert total.tolist() == [1.0, -1.0, 2.0]
    assert state["self.calls"] == 5
    assert capsys.readouterr().out == "done\n"


def test_effects_come_after_all_values():
    def build(b, x, y):
        return y, x, b.op(aten.add.Tensor, x, y, spec=f32(2))

    effects = (Effect("tensor", "x", Leaf(0)), Effect("tensor", "y", Leaf(1)))
    graph = program({"x": f32(2), "y": f32(2)}, build, Leaf(2), effects=effects)
    for run in (graph, write(graph)):
        x, y = torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])
        assert run(x, y).tolist() == [11.0, 22.0]
        assert x.tolist() == [10.0, 20.0]
        assert y.tolist() == [1.0, 2.0]


def test_order_of_random_draws_is_kept():
    def build(b, x):
        first = b.op(aten.rand_like.default, x, spec=f32(3))
        second = b.op(aten.rand_like.default, x, spec=f32(3))
        third = b.op(aten.rand_like.default, x, spec=f32(3))
        difference = b.op(aten.sub.Tensor, second, first, spec=f32(3))
        return (b.op(aten.div.Tensor, difference, third, spec=f32(3)),)

    graph = program({"x": f32(3)}, build, Leaf(0))
    assert same_draws(graph, write(graph))


def same_draws(graph, written):
    torch.manual_seed(3)
    expected = graph(torch.zeros(3))
    torch.manual_seed(3)
    return torch.equal(written(torch.zeros(3)), expected)


def test_an_unused_draw_is_still_drawn():
    def build(b, x):
        pred = b.op(operator.lt, 1, 2, spec=BOOL)

        def then(b, x):
            return b.op(aten.rand_like.default, x, spec=f32(3)), b.op(aten.rand_like.default, x, spec=f32(3))

        same = region([f32(3)], lambda b, x: (x, x))
        _, kept = b.cond(pred, region([f32(3)], then), same, [x], [f32(3), f32(3)])
        return (kept,)

    graph = program({"x": f32(3)}, build, Leaf(0))
    assert same_draws(graph, write(graph))


def test_loop_that_swaps_what_it_carries():
    def test(b, x, y, n):
        return (b.op(operator.lt, n, 3, spec=BOOL),)

    def body(b, x, y, n):
        return y, x, b.op(operator.add, n, 1, spec=INT)

    specs = [f32(), f32(), INT]
    graph = program(
        {"x": f32(), "y": f32()},
        lambda b, x, y: b.loop(region(specs, test), region(specs, body), [x, y, 0], [], specs),
    )
    assert [float(v) for v in write(graph)(torch.tensor(1.0), torch.tensor(2.0))] == [2.0, 1.0, 3.0]


def test_loop_whose_test_takes_steps():
    def test(b, x):
        inner = region([f32()], lambda b, x: (b.op(aten.neg.default, x, spec=f32()),))
        positive = b.op(aten.gt.Scalar, x, 5.0, spec=b8())
        (y,) = b.cond(positive, inner, region([f32()], lambda b, x: (x,)), [x], [f32()])
        return (b.op(aten.ge.Scalar, y, 0.0, spec=b8()),)

    def body(b, x):
        return (b.op(aten.add.Tensor, x, 1, spec=f32()),)

    graph = program({"x": f32()}, lambda b, x: b.loop(region([f32()], test), region([f32()], body), [x], [], [f32()]))
    written = write(graph)
    assert "while True:" in graph.to_python()
    for start in (-3.0, 0.5, 5.5):
        assert alike(written(torch.tensor(start)), graph(torch.tensor(start)))


def test_sides_that_are_empty():
    def build(b, x):
        pred = b.op(aten.lt.Scalar, x, 0.0, spec=b8())

        def bad(b, x):
            b.fail(KeyError, ("x", Hole(0)), b.op(aten.item.default, x, spec=FLOAT))
            return ()

        b.cond(pred, region([f32()], lambda b, x: ()), region([f32()], bad), [x], [])
        return (x,)

    graph = program({"x": f32()}, build, Leaf(0))
    assert body_of(graph) == 'if not x < 0.0:\n    raise KeyError("x", x.item())\nreturn x'
    written = write(graph)
    assert written(torch.tensor(-1.0)).item() == -1.0
    with pytest.raises(KeyError) as caught:
        written(torch.tensor(2.0))
    assert caught.value.args == ("x", 2.0)


def test_large_constants_inside_functions():
    table = torch.arange(100.0)

    def build_look(b, itself, n):
        row = b.op(aten.select.int, b.attribute(table, f32(100)), 0, n, spec=f32())
        stop = b.op(aten.gt.Scalar, row, 20.0, spec=b8())

        def more(b, n, row):
            return b.parts(b.op(itself, b.op(operator.mul, n, 3, spec=INT), spec=(f32(),)))

        return b.cond(
            stop, region([INT, f32()], lambda b, n, row: (row,)), region([INT, f32()], more), [n, row], [f32()]
        )

    look = function("look", [INT], build_look)
    graph = program({"n": INT}, lambda b, n: b.parts(b.op(look, n, spec=(f32(),))), Leaf(0))
    assert list(graph.python_state()) == ["constant 0"]
    assert write(graph)(2).item() == graph(2).item() == 54.0


def test_values_are_not_called_like_the_operations_that_make_them():
    def build(b, x):
        b.at(3, "leaf = leaf(x)")
        cut = b.op(own.OWN["leaf"], x, False, spec=f32())
        b.at(4, "return leaf + leaf(leaf)")
        again = b.op(own.OWN["leaf"], cut, False, spec=f32())
        return (b.op(aten.add.Tensor, cut, again, spec=f32()),)

    assert write(program({"x": f32()}, build, Leaf(0)))(torch.tensor(2.0)).item() == 4.0


def test_own_operations_bring_their_source(monkeypatch):
    monkeypatch.setattr(own, "OWN", {})

    @own.register("softer")
    def soften(x, scale=1.0):
        """Squash."""
        return torch.tanh(x * scale) / math.sqrt(scale)

    graph = program({"x": f32(3)}, lambda b, x: (b.op(soften, x, scale=4.0, spec=f32(3)),), Leaf(0))
    x = torch.tensor([0.1, 0.2, 0.3])
    assert "def soften(x, scale=1.0):" in graph.to_python()
    assert torch.equal(write(graph)(x), soften(x, 4.0))

    offset = 3

    @own.register("shift")
    def shift(x):
        return x + offset

    graph = program({"x": f32(3)}, lambda b, x: (b.op(shift, x, spec=f32(3)),), Leaf(0))
    with pytest.raises(PythonTextError, match=r"(?s)not self-contained.*offset"):
        graph.to_python()


@pytest.mark.parametrize("name", own.OWN)
def test_every_own_operation_is_self_contained(name):
    names = {"torch": torch, "math": math, "operator": operator}
    exec(compile("from __future__ import annotations\n" + own_source(name), name, "exec"), names)
    defined = names[own.OWN[name].__name__]
    code = inspect.unwrap(own.OWN[name]).__code__
    assert defined.__code__.co_varnames == code.co_varnames
    assert defined.__code__.co_names == code.co_names


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return 3 * ctx.saved_tensors[0] * gradient


def test_autograd_functions_are_imported_or_refused():
    graph = program({"x": f32()}, lambda b, x: (b.op(AutogradFunction(Square), x, spec=f32()),), Leaf(0))
    x = torch.tensor(2.0, requires_grad=True)
    write(graph)(x).backward()
    assert x.grad.item() == 6.0

    class Hidden(Square):
        pass

    graph = program({"x": f32()}, lambda b, x: (b.op(AutogradFunction(Hidden), x, spec=f32()),), Leaf(0))
    with pytest.raises(PythonTextError, match="cannot write the code of"):
        graph.to_python()


def test_local_types_are_defined_alike():
    Step = namedtuple("Step", ["x", "n"])

    @dataclass
    class Found:
        x: torch.Tensor

    class OddError(ValueError):
        pass

    def build(b, x):
        pred = b.op(aten.lt.Scalar, x, 0.0, spec=b8())

        def bad(b, x):
            b.fail(OddError, ("odd",))
            return ()

        b.cond(pred, region([f32()], bad), region([f32()], lambda b, x: ()), [x], [])
        return (x,)

    layout = Sequence_(tuple, (Sequence_(Step, (Leaf(0), Constant(2))), Object_(Found, ("x",), (Leaf(0),))))
    written = write(program({"x": f32()}, build, layout))
    step, found = written(torch.tensor(1.0))
    assert (type(step).__name__, step.n, type(found).__name__) == ("Step", 2, "Found")
    assert found.x is step.x
    with pytest.raises(ValueError, match="odd") as caught:
        written(torch.tensor(-1.0))
    assert type(caught.value).__name__ == "OddError"


def test_rows_of_one_column():
    layout = Rows((0,), (True,), Leaf(0))
    graph = program({"x": TensorSpec(torch.int64, (3,))}, lambda b, x: (x,), layout)
    assert write(graph)(torch.tensor([4, 5, 6])) == [4, 5, 6]


def test_what_is_not_data_is_refused():
    graph = program({"x": f32(3)}, lambda b, x: (x,), Sequence_(tuple, (Leaf(0), Constant(object()))))
    with pytest.raises(PythonTextError, match="constant of type object"):
        graph.to_python()


def test_names_never_clash():
    specs = {"torch": f32(), "state": f32(), "sum": f32(), "class": f32(), "program": f32(), "x[0].y": f32()}

    def build(b, *values):
        total = values[0]
        for value in values[1:]:
            total = b.op(aten.add.Tensor, total, value, spec=f32())
        return (b.op(aten.sum.default, total, spec=f32()),)

    assert write(program(specs, build, Leaf(0)))(*map(torch.tensor, range(6))).item() == 15
