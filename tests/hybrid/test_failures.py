"""Exceptions, bad input and printed lines: what the imperative program does, no more and no less."""

from __future__ import annotations

import contextlib
import logging
import traceback
import warnings

import pytest
import torch
from torch import nn

import diptych
from tests.hybrid.scripts import attempt, indistinguishable

X = torch.tensor([1.0, -2.0, 3.0])
LOG = logging.getLogger("program")


class Refusal(Exception):
    """An exception of the user's own, with more than a text."""

    def __init__(self, value, place="here"):
        super().__init__(f"{value} {place}")
        self.value = value


class Account(nn.Module):
    """Writes to all kinds of state, then may raise, then writes again."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.register_buffer("total", torch.zeros(3))
        self.calls = 0
        self.items = []
        self.table = {}

    def forward(self, x):
        self.calls += 1
        self.total += x
        self.items.append(self.calls)
        self.table["last"] = x.detach()
        if x.sum() > 0:
            raise ValueError("positive")
        if x.sum() < -10:
            raise Refusal(3, place="there")
        if not x.abs().max() > 0.5:
            raise AssertionError("too small")
        self.items.append("done")
        self.table["result"] = self.calls
        return x * self.weight

    def state(self):
        return self.total, self.calls, list(self.items), dict(self.table)


@indistinguishable
def test_state_after_an_exception_of_the_program(hybridize):
    net = Account()
    program = hybridize(net)
    for x in (-X, X, -10 * X, 0 * X, -X):
        yield attempt(program, x), net.state()


@indistinguishable
def test_state_after_an_exception_of_torch(hybridize):
    net = Account()
    program = hybridize(net)
    yield attempt(program, -X), net.state()
    for x in (torch.ones(4), -torch.ones(2), "text", None, X.to(torch.complex64), -X.long(), -X[:1], -torch.ones(2, 3)):
        yield attempt(program, x), net.state()
    yield attempt(program, -X), net.state()


@indistinguishable(graph=False)
def test_first_call_fails(hybridize):
    net = Account()
    program = hybridize(net)
    yield attempt(program, torch.ones(4)), net.state()
    yield attempt(program), net.state()
    yield attempt(program, -X, 3), net.state()
    yield attempt(program, -X), net.state()


def test_exception_carries_its_attributes_and_shows_the_line():
    net = Account()
    program = diptych.hybridize(net, speculate=False)
    program(-X)
    with pytest.raises(Refusal) as caught:
        program(-10 * X)
    assert caught.value.value == 3
    lines = traceback.extract_tb(caught.value.__traceback__)
    assert lines[-1].filename == __file__
    assert lines[-1].name == "forward"
    assert lines[-1].line == 'raise Refusal(3, place="there")'
    assert program.stats.graph_calls == 2


def test_error_of_torch_shows_the_line():
    program = diptych.hybridize(lambda x, y: x @ y, speculate=False)
    with pytest.raises(RuntimeError) as caught:
        program(torch.ones(2, 3), torch.ones(2, 3))
    assert any(frame.filename == __file__ and "x @ y" in frame.line for frame in traceback.extract_tb(caught.tb))


@indistinguishable
def test_exception_in_a_loop(hybridize):
    seen = []

    def program(x):
        rounds = 0
        while x.norm() > 1:
            x = x / 2
            rounds += 1
            seen.append(rounds)
            if rounds == 4:
                raise OverflowError(f"{rounds} rounds")
        return x

    program = hybridize(program)
    for scale in (1.0, 100.0, 0.0, 2.0):
        yield attempt(program, X * scale), list(seen)


@indistinguishable(graph=False)
def test_exception_caught_by_the_program(hybridize):
    def program(x):
        try:
            if x.sum() > 0:
                raise KeyError("sum")
            return x
        except KeyError as error:
            return x * 2, str(error)
        finally:
            seen.append(1)

    seen = []
    program = hybridize(program)
    for x in (X, -X, X):
        yield program(x), list(seen)


@indistinguishable
def test_context_manager_is_left_when_the_program_raises(hybridize):
    @contextlib.contextmanager
    def marked():
        seen.append("in")
        try:
            yield
        finally:
            seen.append("out")

    def program(x):
        with marked():
            if x.sum() > 0:
                raise ValueError("positive")
            return x * 2

    seen = []
    program = hybridize(program)
    for x in (X, -X, X):
        yield attempt(program, x), list(seen)


@indistinguishable
def test_chained_exceptions(hybridize):
    def program(x):
        try:
            return {}["key"] if x.shape[0] == 3 else x
        except KeyError as error:
            raise Refusal(1) from error

    program = hybridize(program)
    yield attempt(program, X)
    yield attempt(program, torch.ones(2))
    try:
        program(X)
    except Refusal as error:
        yield type(error.__cause__).__name__


@indistinguishable(graph=False)
def test_printed_and_logged_lines_are_in_order(hybridize):
    def program(x):
        print("start")
        if x.sum() > 0:
            LOG.warning("positive %.1f", x.sum())
        print("end", x.shape)
        return x * 2

    program = hybridize(program)
    for x in (X, -X, X):
        yield program(x)


@indistinguishable
def test_printed_lines_are_in_order(hybridize):
    def program(x):
        print("start")
        if x.sum() > 0:
            print("positive", x.sum().item(), x.shape)
        rounds = 0
        while x.norm() > 1:
            x = x / 2
            rounds += 1
            print("round", rounds, end=";")
        print()
        print(f"end {rounds} {x.sum():.2f}", x)
        return x

    program = hybridize(program)
    for x in (X, -X, 0 * X, 10 * X):
        yield program(x)


@indistinguishable
def test_lines_before_an_exception(hybridize):
    def program(x):
        print("before")
        if x.sum() > 0:
            print("raising")
            raise ValueError(f"sum {x.sum().item():.1f}")
        print("after")
        return x

    program = hybridize(program)
    for x in (X, -X, X):
        yield attempt(program, x)


@indistinguishable
def test_lines_are_printed_once_when_a_graph_cannot_finish(hybridize):
    def program(x, i):
        print("before")
        y = x * 2 if x.sum() > 0 else x
        print("between")
        return y[i]

    program = hybridize(program)
    for index in (0, 2, 5, 1):
        yield attempt(program, X, torch.tensor(index))


@indistinguishable
def test_random_stream_when_a_graph_cannot_finish(hybridize):
    def program(x, i):
        y = x + torch.rand(3) if x.sum() > 0 else x
        return y[i]

    program = hybridize(program)
    for index in (0, 2, 5, 1):
        yield attempt(program, X, torch.tensor(index)), torch.rand(1)


@indistinguishable(graph=False)
def test_warnings(hybridize):
    def program(x):
        if x.sum() > 0:
            warnings.warn("positive", stacklevel=2)
        return x * 2

    program = hybridize(program)
    for x in (X, -X, X):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield program(x)
        yield [str(w.message) for w in caught]


def total(x):
    y = x * 2 if x.sum() > 0 else x - 1
    return y.sum(), y.mean(), y[:1]


@indistinguishable
def test_empty_tensors(hybridize):
    program = hybridize(total)
    for x in (
        torch.empty(0),
        X,
        torch.empty(0, 3),
        torch.empty(3, 0),
        X[:0],
        X[None],
        torch.empty(0, dtype=torch.long),
    ):
        yield attempt(program, x)


@indistinguishable
def test_largest_of_an_empty_tensor(hybridize):
    program = hybridize(lambda x: x.max() if x.sum() >= 0 else x.min())
    for x in (X, X[:0], -X, torch.ones(2), torch.ones(1)):
        yield attempt(program, x)


@indistinguishable
def test_wrong_shapes(hybridize):
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    program = hybridize(net)
    yield attempt(program, X)
    for x in (X[:2], torch.ones(5, 2), torch.ones(()), torch.ones(0, 3), X.double(), X.long(), 3, None, "x", [X]):
        yield attempt(program, x)
    yield attempt(program)
    yield attempt(program, X, X)
    yield attempt(program, X, unknown=1)
    yield attempt(program, X)


@indistinguishable
def test_condition_that_has_no_truth_value(hybridize):
    program = hybridize(lambda x: x * 2 if x > 0 else x)
    for x in (torch.tensor(1.0), torch.tensor([1.0]), X, torch.empty(0), torch.tensor(-1.0)):
        yield attempt(program, x)


@indistinguishable
def test_keyboard_interrupt_and_exit_pass(hybridize):
    def program(x, error):
        seen.append(1)
        if x.sum() > 0:
            raise error
        return x

    seen = []
    program = hybridize(program)
    for error in (KeyboardInterrupt, SystemExit, GeneratorExit):
        try:
            program(X, error)
        except BaseException as raised:
            yield type(raised).__name__, list(seen)
    yield program(-X, None), list(seen)
