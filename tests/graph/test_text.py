"""The text form of a graph: what it says, and that it says the same whatever FX called things."""

from __future__ import annotations

import operator
import subprocess
import sys

import pytest

from diptych.graph.control import Function
from diptych.graph.layout import Leaf
from diptych.graph.lines import SourceLine
from tests.graph import samples
from tests.graph.build import INT, aten, f32, function, program, region

BRANCH = """\
graph branch(%x: float32[3], %weight: float32[3, 3] = self.weight)
  # model.py:2  if x.sum() > 0:
  %0: float32[] = aten.sum.default(%x)
  %1: bool[] = aten.gt.Scalar(%0, 0)
  %2, %3: float32[3], int = cond %1 (%x, %weight)
    then (%4: float32[3], %5: float32[3, 3])
      # model.py:3  y = torch.relu(x @ w)
      %6: float32[3] = aten.matmul.default(%4, %5)
      %7: float32[3] = aten.relu.default(%6)
      yield %7, 1
    else (%8: float32[3], %9: float32[3, 3])
      # model.py:5  y = -x
      %10: float32[3] = aten.neg.default(%8)
      yield %10, 2
  return %2, %3
result (%2, %3)"""

POWER = """\
graph power(%x: float32[], %count: int64[])
  # model.py:7  return power(x, int(count))
  %0: int = aten.item.default(%count)
  %1: float32[] = @power(%x, %0)
  return %1
result %1
function @power(%2: float32[], %3: int)
  # model.py:2  if n == 0:
  %4: bool = operator.le(%3, 0)
  %5: float32[] = cond %4 (%2, %3)
    then (%6: float32[], %7: int)
      # model.py:3  return torch.ones_like(x)
      %8: float32[] = aten.ones_like.default(%6)
      yield %8
    else (%9: float32[], %10: int)
      # model.py:4  return x * power(x, n - 1)
      %11: int = operator.sub(%10, 1)
      %12: float32[] = @power(%9, %11)
      %13: float32[] = aten.mul.Tensor(%9, %12)
      yield %13
  return %5"""

GUARDED = """\
graph guarded(%n: float)
  # model.py:2  if n < 0:
  %0: bool = operator.lt(%n, 0)
  %1: float = cond %0 (%n)
    then (%2: float)
      # model.py:3  raise ValueError('negative', n)
      raise ValueError('negative', %2)
    else (%3: float)
      # model.py:4  return math.sqrt(n)
      %4: float = math.sqrt(%3)
      yield %4
  return %1
result %1"""


@pytest.mark.parametrize(("build", "text"), [("branch", BRANCH), ("recursion", POWER), ("guarded", GUARDED)])
def test_text(build, text):
    assert str(samples.ALL[build]()) == text


def test_loop_header_and_blocks():
    text = str(samples.loop())
    assert "  %0, %1: float32[2], int = while (%h, 0) with (%limit)\n" in text
    assert "    test (%2: float32[2], %3: int, %4: float)\n" in text
    assert "      # model.py:5  n += 1\n      %15: int = operator.add(%11, 1)\n      yield %14, %15" in text


def test_result_effects_and_constants():
    text = str(samples.layouts())
    assert "result {'pair': Pair(%x, %0), 7: (%0,), 'point': Point(x=%x, n=%4)" in text
    assert "'rows': [(row[0], row[1]) for row in zip(numbers %0, %x)]" in text
    assert "effect tensor self.total = %0\neffect attribute self.calls = %4\neffect output print = 'done'" in text
    text = str(samples.constants())
    assert "= constant [0.5, -1.25, inf]" in text
    assert "= constant [0.0, 1.0, 2.0, 3.0, ... 40 values]" in text


def test_names_of_fx_do_not_matter():
    graph = samples.nested()
    before = str(graph)
    for index, node in enumerate(graph.module.graph.nodes):
        node.name = f"other_{100 - index}"
    assert str(graph) == before


def test_two_functions_of_one_name_are_told_apart():
    def body(step):
        return lambda b, itself, n: (b.op(operator.add, n, step, spec=INT),)

    first, second = function("g", [INT], body(1)), function("g", [INT], body(2))

    def build(b, n):
        (once,) = b.parts(b.op(first, n, spec=(INT,)))
        return b.parts(b.op(second, once, spec=(INT,)))

    text = str(program({"n": INT}, build, Leaf(0)))
    assert "= @g(%n)" in text
    assert "= @g.1(%0)" in text
    assert "function @g.1(" in text


def test_long_signatures_are_broken():
    specs = {f"argument_number_{index}": f32(3) for index in range(6)}
    text = str(program(specs, lambda b, *xs: xs[:1], Leaf(0)))
    assert text.startswith("graph f(\n    %argument_number_0: float32[3],\n")


@pytest.mark.parametrize("name", samples.ALL)
def test_every_process_prints_the_same(name):
    if name != "layouts":
        assert str(samples.ALL[name]()) == str(samples.ALL[name]())
        return
    code = "from tests.graph import samples; print(samples.layouts())"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "src:."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    assert texts.pop().startswith("graph layouts(")


def test_lines_say_where_the_source_went():
    lines = samples.branch().lines()
    assert lines[0] == SourceLine(
        "/home/someone/model.py", 2, "if x.sum() > 0:", ("aten.sum.default", "aten.gt.Scalar", "cond")
    )
    assert [line.line for line in lines] == [2, 3, 5]
    assert str(lines[1]) == "model.py:3  y = torch.relu(x @ w)  ->  aten.matmul.default, aten.relu.default"


def test_lines_reach_into_functions():
    assert [line.operations for line in samples.recursion().lines()] == [
        ("operator.le", "cond"),
        ("aten.ones_like.default",),
        ("operator.sub", "@power", "aten.mul.Tensor"),
        ("aten.item.default", "@power"),
    ]


def test_repr_is_short():
    assert repr(samples.branch()) == "<SymbolicGraph branch: 2 inputs, 5 steps>"
    assert repr(Function("g")) == "@g"


def test_a_side_that_does_nothing():
    def build(b, x):
        pred = b.op(aten.gt.Scalar, x, 0.0, spec=f32())
        pred.meta["spec"] = samples.b8()
        b.cond(pred, region([], lambda b: ()), region([], lambda b: ()), [], [])
        return (x,)

    text = str(program({"x": f32()}, build, Leaf(0)))
    assert "  cond %0 ()\n    then ()\n      yield\n    else ()\n      yield\n  return %x" in text
