"""Counters, graphs and the report say what happened."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

import diptych

X = torch.tensor([1.0, -2.0, 3.0])
COUNTERS = ("graphs", "graph_calls", "imperative_calls", "fallbacks")


def hybridize(program):
    return diptych.hybridize(program, speculate=False)


def doubles(x):
    y = x * 2 if x.sum() > 0 else x - 1  # decides
    print("seen", y.sum().item())
    return y


def opaque(x):
    return torch.tensor(sorted(x.tolist(), key=repr)) if hasattr(x, "tolist") else x


def leaves_torch(x):
    return torch.from_numpy(x.numpy() * 2)  # into numpy


def counters(program):
    return {name: getattr(program.stats, name) for name in COUNTERS}


def test_stats_have_integer_fields_and_a_list():
    program = hybridize(doubles)
    assert all(type(v) is int and v == 0 for v in counters(program).values())
    assert program.stats.refusals == []
    program(X)
    assert all(type(v) is int for v in counters(program).values())
    assert set(dataclasses.asdict(program.stats)) >= {*COUNTERS, "refusals"}


def test_calls_by_graph_are_counted():
    program = hybridize(doubles)
    for number, x in enumerate((X, -X, X), 1):
        program(x)
        assert counters(program) == {"graphs": 1, "graph_calls": number, "imperative_calls": 0, "fallbacks": 0}


def test_a_call_that_raises_is_a_call_of_the_graph():
    def refuses(x):
        if x.sum() > 0:
            raise ValueError("positive")
        return x

    program = hybridize(refuses)
    with pytest.raises(ValueError, match="positive"):
        program(X)
    program(-X)
    assert counters(program) == {"graphs": 1, "graph_calls": 2, "imperative_calls": 0, "fallbacks": 0}


def test_every_call_is_counted_once():
    program = hybridize(leaves_torch)
    for number in range(1, 5):
        program(X)
        assert program.stats.graph_calls + program.stats.imperative_calls == number


def test_refusals_are_named_once():
    program = hybridize(leaves_torch)
    for _ in range(3):
        program(X)
    assert program.stats.graphs == 0
    assert program.stats.imperative_calls == 3
    assert len(program.stats.refusals) == 1
    assert "[tensor-to-numpy]" in program.stats.refusals[0]


def test_report_names_the_line_and_what_to_do():
    program = hybridize(leaves_torch)
    program(X)
    text = str(program.report())
    assert "leaves_torch: 0 calls by graph, 1 imperative" in text
    assert "refused:" in text
    assert "torch.from_numpy(x.numpy() * 2)" in text
    assert f"{__file__}:" in text
    assert "use the torch function of the same name" in text


def test_report_of_what_was_captured():
    program = hybridize(doubles)
    program(X)
    program(-X)
    text = str(program.report())
    assert "doubles: 2 calls by graph, 0 imperative" in text
    assert "refused" not in text
    assert "x: float32[3]" in text
    assert "y = x * 2 if x.sum() > 0 else x - 1" in text
    assert "test_report.py" in text


def test_report_before_the_first_call():
    assert str(hybridize(doubles).report()) == (
        "doubles: 0 calls by graph, 0 imperative (0 of them observed, 0 begun as a graph)"
    )


def test_report_is_a_snapshot():
    program = hybridize(doubles)
    before = program.report()
    program(X)
    assert "0 calls by graph" in str(before)
    assert "1 calls by graph" in str(program.report())


def test_report_as_data():
    program = hybridize(doubles)
    program(X)
    data = program.report().data
    assert data["calls"] == {"graph": 1, "imperative": 0, "observed": 0, "fallbacks": 0}
    assert data["refusals"] == []
    (graph,) = data["graphs"]
    assert graph["calls"] == 1
    assert graph["operations"] > 0


def test_report_names_guards_and_updates():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = 2.0
            self.register_buffer("total", torch.zeros(3))
            self.calls = 0

        def forward(self, x):
            self.total += x
            self.calls += 1
            return x * self.scale

    program = hybridize(Counting())
    program(X)
    text = str(program.report())
    assert "self.scale == 2.0" in text
    assert "update  tensor self.total" in text
    assert "self.calls" in text


def test_graphs_are_symbolic_graphs():
    program = hybridize(doubles)
    assert program.graphs == []
    program(X)
    (graph,) = program.graphs
    assert isinstance(graph, diptych.SymbolicGraph)
    assert graph(-X).equal(-X - 1)
    assert "cond" in str(graph)
    assert program.graphs[0] is graph


def test_graphs_are_in_the_order_of_capture():
    program = hybridize(doubles)
    for x in (X, X.double(), X.half()):
        program(x)
    texts = [str(graph) for graph in program.graphs]
    assert program.stats.graphs == len(texts) == 3
    for text, name in zip(texts, ("float32", "float64", "float16"), strict=True):
        assert f"{name}[3]" in text


def test_a_varying_size_becomes_symbolic():
    program = hybridize(lambda x: x * 2 if x.sum() > 0 else x.flip(0))
    for n in (2, 3, 4, 5, 9, 2):
        x = torch.arange(float(n))
        assert program(x).equal(x * 2)
        assert program(-x).equal(-x.flip(0))
    assert program.stats.graphs <= 2
    assert program.stats.imperative_calls == 0


def test_a_varying_number_becomes_an_input():
    program = hybridize(lambda x, n: x * n if x.sum() > 0 else x - n)
    for n in (2, 3, 4, 5, 9, 2):
        assert program(X, n).equal(X * n)
        assert program(-X, n).equal(-X - n)
    assert program.stats.graphs <= 2
    assert program.stats.imperative_calls == 0


def test_a_counter_does_not_make_a_graph_each_time():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls if x.sum() > 0 else x

    net = Counting()
    program = hybridize(net)
    for number in range(1, 12):
        assert program(X).equal(X * number)
    assert net.calls == 11
    assert program.stats.graphs <= 2
    assert program.stats.imperative_calls == 0


def test_a_growing_list_does_not_make_a_graph_each_time():
    history = []

    def program(x):
        history.append(1)
        return x * 2 if x.sum() > 0 else x

    program = hybridize(program)
    for _ in range(12):
        program(X)
    assert len(history) == 12
    assert program.stats.graphs <= 3


def test_two_hybridized_programs_count_apart():
    one, other = hybridize(doubles), hybridize(doubles)
    one(X)
    assert one.stats.graph_calls == 1
    assert other.stats.graph_calls == 0
    assert other.graphs == []
