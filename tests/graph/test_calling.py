"""A graph apart from its program takes the program's own arguments, and says which one does not fit."""

from __future__ import annotations

import inspect

import pytest
import torch

from diptych.errors import DiptychError
from diptych.graph.calling import Calling, suits
from diptych.graph.interface import Input
from diptych.graph.layout import Leaf
from diptych.graph.program import SymbolicGraph
from diptych.graph.spec import TensorSpec
from tests.graph.build import ABSENT, BOOL, FLOAT, INT, Block, aten, f32


def scaled(x, config, *more, mode="fast", limit=10.0):
    """The program that the graph below stands for: `x * config['lr'] + more[0].T`."""


def graph(path=None):
    block = Block()
    x, rate, other = (block.parameter(spec) for spec in (f32("s0"), FLOAT, f32("s0")))
    product = block.op(aten.mul.Tensor, x, rate, spec=f32("s0"))
    module = block.finish(block.op(aten.add.Tensor, product, other, spec=f32("s0")))
    paths = zip(("x", "config['lr']", "more[0]"), (f32("s0"), FLOAT, f32("s0")), strict=True)
    inputs = tuple(Input(f"i{k}", spec, "argument", name) for k, (name, spec) in enumerate(paths))
    made = SymbolicGraph("scaled", module, inputs, Leaf(0))
    made.calling = Calling.of(inspect.signature(scaled), {"mode": "slow", "config['steps']": 3})
    if path is not None:
        made.save(path)
        made = SymbolicGraph.load(path)
    return made


CONFIG = {"lr": 0.5, "steps": 3}


@pytest.mark.parametrize("saved", [False, True])
def test_arguments_are_found_by_path(saved, tmp_path):
    run = graph(tmp_path / "graph.zip" if saved else None)
    x = torch.tensor([2.0, 4.0])
    assert run(x, CONFIG, torch.ones(2), mode="slow").tolist() == [2.0, 3.0]
    assert run(x, CONFIG, torch.ones(2), None, mode="slow", limit=2.0).tolist() == [2.0, 3.0]


X = torch.zeros(2)
MISFITS = [
    ((X, CONFIG, X), {"mode": "fast"}, "(?s)argument mode .*needs 'slow'; this call has 'fast'"),
    ((X, {"lr": 0.5, "steps": 4}, X), {"mode": "slow"}, r"(?s)config\['steps'\] .*needs 3; this call has 4"),
    ((X, {"lr": 0.5, "steps": 3.0}, X), {"mode": "slow"}, r"(?s)config\['steps'\] .*needs 3; this call has 3\.0"),
    ((X, {"lr": 1, "steps": 3}, X), {"mode": "slow"}, r"(?s)config\['lr'\] .*needs float; this call has int 1"),
    ((X.double(), CONFIG, X), {"mode": "slow"}, r"(?s)argument x .*needs float32\[s0\]; .*float64\[2\]"),
    ((X[None], CONFIG, X), {"mode": "slow"}, r"(?s)argument x .*float32\[1, 2\]"),
    ((X, CONFIG), {"mode": "slow"}, r"(?s)argument more\[0\] .*KeyError"),
    ((3, CONFIG, X), {"mode": "slow"}, "(?s)argument x .*this call has int 3"),
]


@pytest.mark.parametrize(("args", "kwargs", "message"), MISFITS)
def test_what_does_not_fit_is_named(args, kwargs, message):
    with pytest.raises(DiptychError, match=message):
        graph()(*args, **kwargs)


def test_python_s_own_errors_of_a_call():
    with pytest.raises(TypeError, match=r"scaled\(\) missing a required argument: 'config'"):
        graph()(X)
    with pytest.raises(TypeError, match=r"scaled\(\) got an unexpected keyword argument 'speed'"):
        graph()(X, CONFIG, speed=1)


def test_paths_are_not_code():
    made = graph()
    made.inputs = (*made.inputs[:2], Input("i2", f32("s0"), "argument", "__import__('os').getcwd()"))
    with pytest.raises(DiptychError, match="does not fit"):
        made(X, CONFIG, X, mode="slow")


def test_suits():
    assert suits(torch.zeros(2, 3), f32("s0", 3))
    assert not suits(torch.zeros(2, 4), f32("s0", 3))
    assert not suits(torch.zeros(2, 3), TensorSpec(torch.int64, (2, 3)))
    assert suits(True, BOOL)
    assert not suits(True, INT)
    assert suits(None, ABSENT)
    assert not suits(0, ABSENT)
