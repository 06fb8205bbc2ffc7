"""`verify` against exact answers, with planted counterexamples, and its errors."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import diptych
from diptych.analyses.cases import Case
from tests.analyses.networks import exact_least, one_row, perceptron


@pytest.mark.parametrize("seed", range(12))
def test_thresholds_on_both_sides_of_the_exact_least_value(seed: int) -> None:
    net = perceptron(seed)
    row = torch.tensor([1.0, -0.5])
    exact = exact_least(net, row)
    graph = diptych.capture(net, torch.zeros(1, 3))
    above = diptych.verify(graph, [one_row(row, -(exact - 1e-3), 3)], seconds=30)
    assert isinstance(above, diptych.Proved), (above, exact)
    below = diptych.verify(graph, [one_row(row, -(exact + 1e-3), 3)], seconds=30)
    assert isinstance(below, diptych.Refuted), (below, exact)
    with torch.no_grad():
        assert row @ net(below.witness.reshape(1, 3))[0] <= exact + 1e-3
    assert below.witness.abs().max() <= 1
    assert below.witness.dtype == torch.float32


def test_conjunctions_disjunctions_and_rows_over_inputs() -> None:
    graph = diptych.capture(lambda x: torch.stack([x.abs().sum(), x[0] - x[1]]), torch.zeros(2))

    def case(by_output, by_input, constants) -> Case:
        box = torch.ones(2, dtype=torch.float64)
        parts = (torch.tensor(p, dtype=torch.float64) for p in (by_output, by_input, constants))
        return Case(-box, box, *parts)

    # |x0| + |x1| >= 1.5 and x0 - x1 >= 1.9: reached near (1, -1) only.
    assert isinstance(diptych.verify(graph, [case([[-1, 0], [0, -1]], [[0, 0], [0, 0]], [1.5, 1.9])]), diptych.Refuted)
    # ... and x0 <= 0 as well: not reached, for x0 - x1 is at most 1 then.
    three = case([[-1, 0], [0, -1], [0, 0]], [[0, 0], [0, 0], [1, 0]], [1.5, 1.9, 0.0])
    assert isinstance(diptych.verify(graph, [three]), diptych.Proved)
    far = case([[-1, 0]], [[0, 0]], [2.1])
    assert isinstance(diptych.verify(graph, [three, far]), diptych.Proved)
    assert isinstance(diptych.verify(graph, [three, far, case([[-1, 0]], [[0, 0]], [1.99])]), diptych.Refuted)


@pytest.mark.parametrize(
    "activation", [nn.Sigmoid(), nn.Tanh(), nn.GELU(), nn.LeakyReLU(), nn.Hardtanh(), nn.Softplus()]
)
def test_planted_counterexamples_are_not_proved_away(activation: nn.Module) -> None:
    for seed in range(4):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(4, 8), activation, nn.Linear(8, 8), activation, nn.Linear(8, 1))
        for parameter in net.parameters():
            parameter.data.normal_()
        point = torch.rand(1, 4) * 2 - 1
        with torch.no_grad():
            value = float(net(point))
            spread = float(net(torch.rand(500, 4) * 2 - 1).std())
        graph = diptych.capture(net, torch.zeros(1, 4))
        verdict = diptych.verify(graph, [one_row(torch.ones(1), -(value + 1e-4 * spread), 4)], seconds=5)
        assert not isinstance(verdict, diptych.Proved), (seed, verdict)


def test_the_time_ends_a_search() -> None:
    net = perceptron(1, inputs=40, hidden=60, results=1)
    verdict = diptych.verify(
        diptych.capture(net, torch.zeros(1, 40)), [one_row(torch.ones(1), 5000.0, 40)], seconds=0.5
    )
    assert isinstance(verdict, diptych.Unknown), verdict
    assert "the time is over" in verdict.why


def test_an_output_that_is_not_finite_is_no_witness() -> None:
    graph = diptych.capture(lambda x: torch.log(x), torch.zeros(1))
    verdict = diptych.verify(graph, [one_row(torch.ones(1), 1e9, 1)], seconds=1)
    assert isinstance(verdict, diptych.Unknown), verdict


def test_a_property_of_another_size_is_refused() -> None:
    graph = diptych.capture(perceptron(0), torch.zeros(1, 3))
    with pytest.raises(ValueError, match="the property is over 5 inputs and 2 outputs"):
        diptych.verify(graph, [one_row(torch.ones(2), 0.0, 5)])
