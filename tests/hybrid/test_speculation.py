"""Speculation: programs that cannot be staged run as graphs of single paths, whose decisions are checked."""

from __future__ import annotations

import heapq
import random

import pytest
import torch

import diptych

INPUTS = [torch.tensor(v) for v in ([1.0, -2.0, 3.0], [-1.0, 2.0, -3.0], [5.0, 5.0, 1.0])]


def ranked(x):
    """Sorts by numbers that only the data know, and makes a dict with them."""
    pairs = sorted(((v.item(), k) for k, v in enumerate(x)), key=lambda pair: -pair[0])
    return {k: x[k] * 2 for _, k in pairs}


def work_list(x):
    """Pushes and pops; the result is a text."""
    todo, words = [x], []
    while todo and len(words) < 6:
        item = todo.pop()
        words.append("ab"[int(item.sum() > 0)])
        if item.numel() > 1 and item[0] > 0:
            todo += [item[1:], -item[:1]]
    return "-".join(words), len(todo)


def picked(x):
    """A number of items that only the data know."""
    found = torch.nonzero(x > 0).flatten()
    return {int(k): x[k] for k in found}, found.shape[0]


def drawn(x):
    """Random numbers before and after a decision."""
    noise = torch.rand(3)
    if heapq.nsmallest(1, [noise.sum().item(), x.sum().item()])[0] > 0:
        noise = noise * torch.rand(3) + random.random()
    return noise + x


@pytest.mark.parametrize("program", [ranked, work_list, picked, drawn])
def test_paths_become_graphs(program):
    hybrid = diptych.hybridize(program)
    for _ in range(3):
        for x in INPUTS:
            answers = []
            for run in (program, hybrid):
                torch.manual_seed(3)
                random.seed(4)
                answers.append((run(x.clone()), torch.rand(1), random.random()))
            assert str(answers[0]) == str(answers[1])
    assert hybrid.stats.imperative_calls == hybrid.stats.observed_calls == 1
    assert hybrid.stats.graph_calls == 8
    assert 1 < hybrid.stats.graphs <= 3
    assert "own.assume" in str(hybrid.graphs[0])


def test_without_speculation_they_are_imperative():
    hybrid = diptych.hybridize(picked, speculate=False)
    for x in INPUTS:
        assert str(hybrid(x)) == str(picked(x))
    assert hybrid.stats.graphs == 0
    assert hybrid.stats.refusals


def test_nothing_is_committed_when_an_assumption_fails():
    log: list[str] = []
    weights = torch.zeros(3)

    def program(x):
        weights.add_(1)
        log.append("called")
        names = {int(k): "n" for k in torch.nonzero(x > 0)}
        return len(names)

    hybrid = diptych.hybridize(program)
    assert [hybrid(x) for x in INPUTS] == [2, 1, 3]
    assert weights.tolist() == [3.0, 3.0, 3.0]
    assert log == ["called"] * 3


def test_paths_without_end_are_given_up():
    def program(x):
        return {x.sum().item(): 1}

    hybrid = diptych.hybridize(program)
    for k in range(60):
        assert hybrid(torch.tensor([float(k)])) == {float(k): 1}
    graphs = hybrid.stats.graphs
    assert graphs <= 12
    hybrid(torch.tensor([0.0]))
    hybrid(torch.tensor([1.0]))
    assert hybrid.stats.graphs == graphs
    assert hybrid.stats.imperative_calls >= 40
    assert any("[changing-paths]" in refusal for refusal in hybrid.stats.refusals)


def test_the_report_names_assumptions_that_failed():
    hybrid = diptych.hybridize(picked)
    for x in INPUTS:
        hybrid(x)
    assert "an assumption did not hold" in str(hybrid.report())


def test_updates_between_two_gradients_are_of_the_run_not_of_the_capture():
    """A capture along a path counts the writes to parameters without doing them."""
    weight = torch.ones(3, requires_grad=True)

    def program(x):
        for _ in range(2):
            loss = (weight * x).square().sum()
            loss.backward()
            with torch.no_grad():
                weight.sub_(0.01 * weight.grad)
                weight.grad = None
            names = {int(k): "n" for k in torch.nonzero(x > 0)}  # only along a path
        return len(names)

    hybrid = diptych.hybridize(program)
    for x in (*INPUTS, *INPUTS):
        before = weight.detach().clone()
        expected = program(x)
        after = weight.detach().clone()
        with torch.no_grad():
            weight.copy_(before)
        assert hybrid(x) == expected
        assert torch.equal(weight, after)
    assert hybrid.stats.graph_calls == 5
    assert not any("[internal]" in refusal for refusal in hybrid.stats.refusals)
