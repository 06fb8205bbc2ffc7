"""The passes: what each does to a graph, and that the graph still gives the same."""

from __future__ import annotations

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.graph import walk
from diptych.passes.pipeline import PASSES, refresh


def written(program, *args):
    graph = diptych.capture(program, *args)
    with torch.no_grad():
        return write_out(graph.module, list(args), grad=False).forward


def names(module):
    """The operations of a graph in order, those of regions in brackets."""
    made = []
    for node in walk.steps(module):
        name = getattr(node.target, "_opname", None) or getattr(node.target, "__name__", str(node.target))
        if name == "getitem":
            continue
        made.append(name)
        made += [names(inner) for inner in walk.regions(node)]
    return made


def unused(x):
    x.exp()
    return x * 2 if x.sum() > 0 else x


def twice(x):
    return torch.tanh(x + 1) * 2 + torch.tanh(x + 1)


def results_apart(x):
    return x + 1, x + 1


def invariant(x, w):
    h = torch.zeros_like(x)
    while h.sum() < 5:
        h = h + (x @ w).abs() + 1
    return h


def invariant_twice(x, w):
    h = torch.zeros_like(x)
    while h.sum() < 5:
        y = h
        while y.sum() < 3:
            y = y + (x @ w).abs() + 1
        h = h + y
    return h


def test_dead_code_goes() -> None:
    module = written(unused, torch.ones(3))
    assert PASSES["dead"](module)
    assert "exp" not in names(module)


def test_steps_that_may_fail_stay() -> None:
    def program(x, k):
        x.index_select(0, k)
        return x * 2

    module = written(program, torch.ones(3), torch.tensor([1]))
    PASSES["dead"](module)
    assert "index_select" in names(module)


def test_equal_steps_are_done_once() -> None:
    module = written(twice, torch.ones(3))
    before = names(module)
    assert PASSES["common"](module) == 2
    assert (before.count("tanh"), names(module).count("tanh")) == (2, 1)


def test_results_stay_tensors_of_their_own() -> None:
    module = written(results_apart, torch.ones(3))
    assert PASSES["common"](module) == 0
    refresh(module)
    one, other = module(torch.ones(3))
    assert one is not other


@pytest.mark.parametrize("program", [invariant, invariant_twice])
def test_invariant_steps_leave_loops(program) -> None:
    x, w = torch.rand(3, 3), torch.rand(3, 3)
    module = written(program, x, w)
    expected = module(x, w)
    assert "mm" not in names(module)
    assert PASSES["hoist"](module)
    PASSES["dead"](module)
    refresh(module)
    assert "mm" in names(module)
    assert "mm" not in str(names(module)[names(module).index("mm") + 1 :])
    torch.testing.assert_close(module(x, w), expected)


def columns(x):
    """Its gradient puts slices together, with a gap."""
    a, b, _, d = x.chunk(4, 1)
    return (a * b.exp()).sum() + d.sin().sum()


def rows(x):
    """The same of single rows, one of which is used twice."""
    first, second, third = x[0], x[1], x[-1]
    return (first * second.tanh()).sum() + (first + third).exp().sum()


def overlapping(x):
    """Slices that have elements in common are added."""
    return x[:2].tanh().sum() + x[1:].exp().sum() + x[:, 1].sin().sum()


@pytest.mark.parametrize(("program", "joins"), [(columns, True), (rows, True), (overlapping, False)])
def test_slices_of_a_gradient_are_joined(program, joins) -> None:
    x = torch.rand(3, 4, requires_grad=True)
    graph = diptych.capture(program, x)
    written_out = write_out(graph.module, [x])
    backward, forward = written_out.backward, written_out.forward
    assert backward is not None
    before = names(backward)
    made = forward(x)
    given = [torch.tensor(1.0), *(x if k < 0 else made[k] for k in written_out.saved)]
    expected = backward(*given)[0]
    assert bool(PASSES["join"](backward)) == joins
    PASSES["dead"](backward)
    refresh(backward)
    scattered = [name for name in before if "scatter" in name]
    assert len(scattered) > 1
    assert [name for name in names(backward) if "scatter" in name] == ([] if joins else scattered)
    assert torch.equal(backward(*given)[0], expected)
    torch.testing.assert_close(expected, torch.autograd.grad(program(x), x)[0])


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("program", [unused, twice, results_apart, invariant, invariant_twice])
def test_every_pass_keeps_the_meaning(name, program) -> None:
    args = [torch.rand(3, 3) for _ in range(program.__code__.co_argcount)]
    module = written(program, *args)
    expected = module(*args)
    PASSES[name](module)
    refresh(module)
    torch.testing.assert_close(module(*args), expected)
