"""Running a graph by plain dispatch is its reference meaning: values, exceptions, first and second gradients."""

from __future__ import annotations

import math

import pytest
import torch

from tests.graph import samples


def test_branch_takes_one_side():
    graph = samples.branch()
    weight = graph.state["weight"]
    x = torch.tensor([1.0, 2.0, -0.5])
    y, n = graph(x)
    assert n == 1
    assert torch.equal(y, torch.relu(x @ weight))
    y, n = graph(-x)
    assert n == 2
    assert torch.equal(y, x)


def test_loop_with_no_round_is_the_identity():
    graph = samples.loop()
    h = torch.tensor([30.0, 30.0], requires_grad=True)
    out, n = graph(h, 10.0)
    assert n == 0
    (gradient,) = torch.autograd.grad(out.sum(), h)
    assert torch.equal(gradient, torch.ones(2))


def test_loop_gradient():
    graph = samples.loop()
    h = torch.tensor([0.1, 0.2], requires_grad=True)
    out, n = graph(h, 100.0)
    (gradient,) = torch.autograd.grad(out.sum(), h)
    assert n == 8
    assert gradient.tolist() == pytest.approx([1.5**n, 1.5**n])


def test_nested_matches_python():
    def imperative(x):
        n = 0
        while n < 4:
            if x.sum() > 2.0:
                while x.abs().max() > 1.0:
                    x = x / 2
            elif n % 2 == 1:
                x = x * 3.0
            else:
                x = x + 0.75
            n += 1
        return x

    graph = samples.nested()
    for start in ([0.0, 0.0], [9.0, 1.0], [-5.0, 2.0], [0.7, 0.9]):
        assert torch.equal(graph(torch.tensor(start)), imperative(torch.tensor(start)))


def test_recursion_and_its_second_derivative():
    graph = samples.recursion()
    x = torch.tensor(1.5, requires_grad=True)
    y = graph(x, torch.tensor(4))
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert y.item() == pytest.approx(1.5**4)
    assert first.item() == pytest.approx(4 * 1.5**3)
    assert second.item() == pytest.approx(12 * 1.5**2)


def test_mutual_recursion():
    graph = samples.mutual()
    assert [graph(n) for n in range(5)] == [True, False, True, False, True]


def test_raise_has_type_and_arguments():
    graph = samples.guarded()
    assert graph(2.25) == 1.5
    with pytest.raises(ValueError, match="negative") as caught:
        graph(-4.0)
    assert caught.value.args == ("negative", -4.0)


def test_layout_is_built():
    graph = samples.layouts()
    x = torch.tensor([1.0, -2.0, 3.0])
    made = graph(x)
    assert list(made) == ["pair", 7, "point", "choice", "rows", "ordered", "constants"]
    assert type(made["pair"]) is samples.Pair
    assert made["point"].n == 5
    assert made["choice"] == "positive"
    assert [row[0] for row in made["rows"]] == [1.0, -1.0, 2.0]
    assert made["constants"][1] == math.inf
    assert graph(-x)["choice"] == [5]


def test_effects_on_input_tensors_are_written():
    graph = samples.layouts()
    graph(torch.tensor([1.0, -2.0, 3.0]))
    assert graph.state["total"].tolist() == [1.0, -1.0, 2.0]


def test_wrong_number_of_arguments():
    with pytest.raises(TypeError, match=r"branch\(\) takes 1 values \(x\), 2 were given"):
        samples.branch()(torch.zeros(3), torch.zeros(3))
