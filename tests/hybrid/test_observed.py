"""The observed first call: imperative to the last detail, written down line by line, and known to the first capture."""

from __future__ import annotations

import inspect
import itertools
import json
import logging
import sys
import warnings

import pytest
import torch
from torch import nn

import diptych
from diptych.capture.profiler import Profiler
from diptych.capture.program import Roots
from diptych.capture.snapshot import Size, Snapshot
from diptych.capture.sources import Argument, Attribute, GlobalSource, Item, Source
from diptych.capture.trail import MISSING

X = torch.tensor([1.0, -2.0, 3.0])
LOG = logging.getLogger(__name__)
RATE = 0.5


class Settings:
    """Hyper-parameters."""

    def __init__(self):
        self.scale = 1.0
        self.rounds = 2


SETTINGS = Settings()


def halves(x):
    while x.abs().sum() > 1:
        x = x / 2
    return x


def program(x, times=3):
    total = torch.zeros(3)
    for k in range(times):
        total = total + x * k
    if total.sum() > 0:
        total = halves(total)
    size = int(total.abs().sum() * 10)
    SETTINGS.last = size
    return total * SETTINGS.scale


def line_of(function, text):
    """The notes of the line of a function in which a text stands."""
    lines, first = inspect.getsourcelines(function)
    return (__file__, first + next(number for number, line in enumerate(lines) if text in line))


def observe(function, *args, **kwargs):
    profiler = Profiler()
    return profiler.run(function, args, kwargs), profiler.lines


def test_an_observed_call_is_imperative_and_counted():
    hybrid = diptych.hybridize(program)
    assert torch.equal(hybrid(X), program(X))
    assert (hybrid.stats.observed_calls, hybrid.stats.imperative_calls, hybrid.stats.graph_calls) == (1, 1, 0)
    assert hybrid.graphs == []
    assert torch.equal(hybrid(-X), program(-X))
    assert (hybrid.stats.observed_calls, hybrid.stats.imperative_calls, hybrid.stats.graph_calls) == (1, 1, 1)


def test_without_speculation_nothing_is_observed():
    hybrid = diptych.hybridize(program, speculate=False)
    hybrid(X)
    assert (hybrid.stats.observed_calls, hybrid.stats.graph_calls) == (0, 1)


def test_lines_are_written_down():
    result, lines = observe(program, X)
    assert torch.equal(result, program(X))
    assert lines[line_of(program, "if total")].data() == {"sides": {"true": 1}, "types": ["float32[]"]}
    assert lines[line_of(program, "for k")].data() == {"trips": {"3": 1}}
    assert lines[line_of(halves, "while")].trips == {5: 1}
    assert lines[line_of(halves, "x / 2")].data() == {"types": ["float32[3]"]}
    assert lines[line_of(program, "size = int")].data()["values"] == [str(SETTINGS.last)]
    assert lines[line_of(program, "SETTINGS.last")].data()["writes"] == ["Settings.last"]
    assert "Settings.scale" in lines[line_of(program, "return")].data()["reads"]


def test_modules_without_hooks_are_seen_inside_and_hooks_are_run():
    class Inner(nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def forward(self, x):
            return self.inner(x) + 1

    net = Outer()
    key = line_of(Inner.forward, "x.sum()")
    _, lines = observe(net, X)
    assert lines[key].sides == {True: 1}
    calls = []
    net.inner.register_forward_hook(lambda *args: calls.append(1))
    result, lines = observe(net, X)
    assert torch.equal(result, X * 2 + 1)
    assert calls == [1]
    assert key not in lines  # torch calls it, with its hooks


def test_exceptions_pass_and_what_came_before_is_known():
    def fails(x):
        for k in range(5):
            if k == 2:
                raise ValueError(f"at {k}")
        return x

    hybrid = diptych.hybridize(fails)
    with pytest.raises(ValueError, match="at 2"):
        hybrid(X)
    assert hybrid.stats.observed_calls == 1
    assert hybrid._hybrid.observing.lines[line_of(fails, "for k")].trips == {3: 1}


def test_a_variable_without_a_value_is_pythons_error():
    def unset(x):
        try:
            if x.sum() < 0:
                late = x
            return late
        except UnboundLocalError as error:
            return str(error)

    assert observe(unset, X)[0] == unset(X)


def test_logged_lines_and_warnings_have_their_place(caplog):
    def helper(x):
        warnings.warn("twice", stacklevel=2)
        return x

    def speaks(x):
        if x.sum() > 0:
            LOG.warning("positive %d", 3)
        return helper(x)

    found = []
    for run in (speaks, lambda x: observe(speaks, x)):
        caplog.clear()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run(X)
        (record,) = caplog.records
        (warning,) = caught
        found.append((record.lineno, record.funcName, record.getMessage(), warning.filename, warning.lineno))
    assert found[0] == found[1]


def test_functions_that_look_at_frames_run_as_they_are():
    def looks(x):
        return sys._getframe().f_code.co_name, sorted(locals())

    def asks(x):
        return looks(x)

    assert observe(asks, X)[0] == asks(X)


def test_recursion_has_room():
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    assert observe(down, 600)[0] == 600


def test_nested_hybridized_programs_are_part_of_the_observed_call():
    inner = diptych.hybridize(halves)
    outer = diptych.hybridize(lambda x: inner(x) + 1)
    assert torch.equal(outer(X), halves(X) + 1)
    assert inner.stats.observed_calls == 0
    assert line_of(halves, "while") in outer._hybrid.observing.lines


# What differs between the observed call and the captured one ------------------------------------------------------


def scaled(x, factor):
    return x * factor * SETTINGS.scale + RATE


def test_what_has_varied_is_open_in_the_first_graph(monkeypatch):
    hybrid = diptych.hybridize(scaled)
    for k in range(6):
        monkeypatch.setattr(SETTINGS, "scale", 1.0 + k)
        monkeypatch.setitem(globals(), "RATE", k / 2)
        x = torch.randn(2 + k)
        assert torch.equal(hybrid(x, k), scaled(x, k))
    assert (hybrid.stats.graphs, hybrid.stats.graph_calls, hybrid.stats.imperative_calls) == (1, 5, 1)
    (graph,) = hybrid.report().data["graphs"]
    assert graph["varying"] == ["RATE", "SETTINGS.scale", "factor", "x"]


def test_what_has_not_varied_is_a_constant():
    hybrid = diptych.hybridize(scaled)
    for _ in range(3):
        hybrid(X, 2)
    (graph,) = hybrid.report().data["graphs"]
    assert graph["varying"] == []


def test_state_that_the_first_call_makes_is_there_at_the_capture():
    class Lazy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = None

        def forward(self, x):
            if self.layer is None:
                self.layer = nn.Linear(x.shape[-1], 2)
            return self.layer(x)

    net = Lazy()
    hybrid = diptych.hybridize(net)
    first = hybrid(X)
    for _ in range(3):
        assert torch.equal(hybrid(X), first)
    assert (hybrid.stats.graphs, hybrid.stats.graph_calls) == (1, 3)


def test_rates_that_a_scheduler_sets_are_inputs_at_once():
    weight = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.1)

    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        optimizer.step()

    hybrid = diptych.hybridize(step, speculate=False)
    for _ in range(7):
        hybrid(X)
        schedule.step()
    assert (hybrid.stats.graphs, hybrid.stats.graph_calls) == (1, 7)


def test_what_is_open_stays_open():
    """Numbers that take turns in changing: each is opened once, and the graphs settle."""

    def turns(x, a, b, c):
        return x * a + x * b - c

    hybrid = diptych.hybridize(turns)
    generator = torch.Generator().manual_seed(0)
    seen: list[set[str]] = []
    for k in range(40):
        a, b, c = (int(v) for v in torch.randint(1, 4, (3,), generator=generator))
        args = (X, a, 1 if k < 10 else b, 1 if k < 20 else c)
        assert torch.equal(hybrid(*args), turns(*args))
        seen.append(set(hybrid._hybrid.relaxation.varied))
    assert all(early <= late for early, late in itertools.pairwise(seen))
    assert hybrid.stats.graphs <= 3
    before = hybrid.stats.graph_calls
    for k in range(5):
        hybrid(X, k, 2 * k, 3 * k)
    assert hybrid.stats.graph_calls == before + 5


# Snapshots ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_has_numbers_and_sizes_and_holds_nothing():
    batch = {"rate": 0.5, "x": torch.zeros(2, 3), "names": ["a"], "inner": [1, (2, 3)]}
    roots = Roots(program, {"batch": batch, "n": 4})
    snapshot = Snapshot(roots)
    root = Source("batch", None, Argument("batch"))
    assert snapshot.at(Source("n", None, Argument("n"))) == 4
    assert snapshot.at(Source("", root, Item("rate"))) == 0.5
    assert snapshot.at(Source("", root, Item("x"))) == Size(torch.float32, (2, 3))
    assert snapshot.at(Source("", Source("", Source("", root, Item("inner")), Item(1)), Item(0))) == 2
    assert snapshot.at(Source("", root, Item("missing"))) is MISSING
    settings = Source("", None, GlobalSource(globals(), "SETTINGS"))
    assert snapshot.at(Source("", settings, Attribute("rounds"))) == 2
    batch["rate"] = 1.0
    assert snapshot.at(Source("", root, Item("rate"))) == 0.5


# The report --------------------------------------------------------------------------------------------------------


def test_the_report_says_what_was_seen():
    hybrid = diptych.hybridize(program)
    hybrid(X)
    text = str(hybrid.report())
    assert "program: 0 calls by graph, 1 imperative (1 of them observed, 0 begun as a graph)" in text
    assert "seen in the observed call:" in text
    assert "seen: 1 x true" in text
    hybrid(X)
    data = json.loads(hybrid.report().json())
    assert data["calls"]["observed"] == 1
    (graph,) = data["graphs"]
    lines = {line["line"]: line for line in graph["lines"]}
    assert lines[line_of(program, "if total")[1]]["became"] == "staged"
    assert lines[line_of(program, "if total")[1]]["seen"]["sides"] == {"true": 1}
    assert lines[line_of(program, "for k")[1]]["became"] == "guarded"
    assert lines[line_of(program, "SETTINGS.last")[1]]["became"] == "effect"
    assert "seen: 3 trips" in str(hybrid.report())
