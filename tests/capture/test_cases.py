"""The corpus, case by case, and the harness itself: its cases must be sound and planted faults must be found."""

from __future__ import annotations

import ast
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from types import FrameType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import diptych
from tests.capture.cases import Call
from tests.capture.harness import CASES, Case, build, case_named, case_names, compare, unmet_wishes
from tests.capture.observation import ASPECTS, Built, Program, observe

hybridize_exists = pytest.mark.skipif(not hasattr(diptych, "hybridize"), reason="diptych.hybridize is not there yet")


@hybridize_exists
@pytest.mark.parametrize("name", case_names())
def test_case(name: str) -> None:
    verdict = compare(case_named(name))
    assert verdict.passed, str(verdict)


@pytest.mark.parametrize("name", case_names())
def test_imperative_program_agrees_with_itself(name: str) -> None:
    verdict = compare(case_named(name), lambda program: program)
    assert verdict.status == "ok", str(verdict)


@pytest.mark.parametrize("name", case_names())
def test_calls_take_every_path(name: str) -> None:
    """Every line of the case runs, and every `if` and `while` goes both ways."""
    path = CASES / f"{name}.py"
    after: defaultdict[int, set[int]] = defaultdict(set)

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != str(path):
            return None
        last = 0

        def step(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal last
            after[last].add(-1 if event == "return" else frame.f_lineno)
            last = frame.f_lineno
            return step

        return step

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        built = build(case_named(name))
        for number, call in enumerate(built.calls):
            built.before_call(built.program, number)
            observe(built.program, built, call, number)
    finally:
        sys.settrace(before)
    ran = set(after)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, ast.Constant):
            lines = range(node.test.lineno, (node.test.end_lineno or 0) + 1)
            ways = set().union(*(after[line] for line in lines)) - set(lines)
            assert len(ways) > 1, f"{name}.py:{node.lineno} always goes the same way"
        if isinstance(node, ast.stmt) and not isinstance(node, (ast.Global, ast.Nonlocal, ast.Try)):
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert text or ran & {n.lineno for n in ast.walk(node) if hasattr(n, "lineno")}, f"{name}.py:{node.lineno}"


# What the harness must find: for each aspect, faults in a program that is otherwise the right one.


class Counter(nn.Module):
    """The victim: parameters, a buffer, an attribute; it prints, draws, writes to its argument and may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.register_buffer("steps", torch.zeros(()))
        self.last = 0.0

    def forward(self, x: torch.Tensor, log: list[float]) -> dict[str, Any]:
        if x.sum() > 10:
            raise ValueError("too large")
        self.steps += 1
        self.last = x.sum().item()
        log.append(self.last)
        print("step", int(self.steps))
        y = self.fc(x) ** 3 * torch.rand(())
        return {"y": y, "log": log, "pair": [y.argmax(), 2]}


def victim() -> Case:
    def make() -> Built:
        program = Counter()
        calls = [Call((torch.tensor([1.0, scale], requires_grad=True), [0.5]), {}) for scale in (2.0, -1.0, 20.0)]
        return Built(program, calls, lambda program: {"steps": program.steps})

    return Case("victim", make)


Change = Callable[[Any, torch.Tensor, list[float], dict[str, Any]], Any]
"""What a fault does, given the program, its two arguments and its right result."""


class Faulty(nn.Module):
    """Right from outside, as a hybridized module is, but for what `change` or `error` makes of a call."""

    def __init__(self, program: Any, change: Change, error: Exception | None) -> None:
        super().__init__()
        self.run = lambda *args: program(*args)
        self.keys = lambda: program.state_dict()
        self.change = lambda *args: change(program, *args)
        self.error = error

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.keys()

    def forward(self, x: torch.Tensor, log: list[float]) -> Any:
        try:
            return self.change(x, log, self.run(x, log))
        except ValueError as right:
            if self.error is None:
                return None
            raise (right if self.error is RIGHT_ERROR else self.error) from None


RIGHT_ERROR = Exception()


def instead(change: Change) -> Callable[[Program], Program]:
    """Return something else than the right result."""
    return lambda program: Faulty(program, change, RIGHT_ERROR)


def besides(effect: Change) -> Callable[[Program], Program]:
    """Do something more, then return the right result."""
    return lambda program: Faulty(program, lambda p, x, log, r: (effect(p, x, log, r), r)[1], RIGHT_ERROR)


def raising(error: Exception | None) -> Callable[[Program], Program]:
    """Where the victim raises, raise `error`, or return."""
    return lambda program: Faulty(program, lambda p, x, log, r: r, error)


class Renamed(nn.Module):
    """The right program under a wrapper that shows in the keys of the state_dict."""

    def __init__(self, program: Any) -> None:
        super().__init__()
        self.inner = program

    def forward(self, *args: Any) -> Any:
        return self.inner(*args)


def flat_zero(x: torch.Tensor) -> torch.Tensor:
    """Zero in value, one in slope."""
    return x - x.detach()


class Careless(torch.autograd.Function):
    """The identity, with a gradient that is right only where it has a graph of its own."""

    @staticmethod
    def forward(ctx: Any, y: torch.Tensor) -> torch.Tensor:
        return y.clone()

    @staticmethod
    def backward(ctx: Any, *seeds: torch.Tensor) -> torch.Tensor:
        return seeds[0] if torch.is_grad_enabled() else 2 * seeds[0]


FAULTS: dict[str, tuple[str, Callable[[Program], Program]]] = {
    "other type raised": ("exception", raising(TypeError("too large"))),
    "other text raised": ("exception", raising(ValueError("too big"))),
    "nothing raised": ("exception", raising(None)),
    "value": ("result", instead(lambda p, x, log, r: r | {"y": r["y"] * 1.001})),
    "not a number": ("result", instead(lambda p, x, log, r: r | {"y": r["y"] * float("nan")})),
    "integer": ("result", instead(lambda p, x, log, r: r | {"pair": [r["pair"][0] + 1, 2]})),
    "dtype": ("result", instead(lambda p, x, log, r: r | {"y": r["y"].double()})),
    "shape": ("result", instead(lambda p, x, log, r: r | {"y": r["y"][None]})),
    "tensor for a number": ("result", instead(lambda p, x, log, r: r | {"pair": [r["pair"][0], torch.tensor(2)]})),
    "float for an int": ("result", instead(lambda p, x, log, r: r | {"pair": [r["pair"][0], 2.0]})),
    "bool for an int": ("result", instead(lambda p, x, log, r: r | {"pair": [r["pair"][0], True]})),
    "tuple for a list": ("result", instead(lambda p, x, log, r: r | {"pair": tuple(r["pair"])})),
    "order of keys": ("result", instead(lambda p, x, log, r: dict(reversed(r.items())))),
    "one key more": ("result", instead(lambda p, x, log, r: r | {"z": None})),
    "detached": ("requires_grad", instead(lambda p, x, log, r: r | {"y": r["y"].detach()})),
    "a leaf": ("requires_grad", instead(lambda p, x, log, r: r | {"y": r["y"].detach().requires_grad_()})),
    "copy of an argument": ("aliasing", instead(lambda p, x, log, r: r | {"log": list(log)})),
    "alias of a new object": ("aliasing", instead(lambda p, x, log, r: r | {"pair": log})),
    "line printed": ("lines", besides(lambda p, x, log, r: print("again"))),
    "argument list": ("arguments", besides(lambda p, x, log, r: log.append(0.0))),
    "argument tensor": ("arguments", besides(lambda p, x, log, r: x.data.zero_())),
    "buffer": ("state", besides(lambda p, x, log, r: p.steps.add_(1))),
    "parameter": ("state", besides(lambda p, x, log, r: p.fc.weight.data.add_(1))),
    "attribute": ("state", besides(lambda p, x, log, r: setattr(p, "last", 0))),
    "attribute left behind": ("state", besides(lambda p, x, log, r: setattr(p, "left", 1))),
    "training flag": ("state", besides(lambda p, x, log, r: setattr(p, "training", False))),
    "gradient accumulated": ("state", besides(lambda p, x, log, r: r["y"].sum().backward(retain_graph=True))),
    "names of the state_dict": ("state", Renamed),
    "draw of torch": ("random", besides(lambda p, x, log, r: torch.rand(1))),
    "draw of numpy": ("random", besides(lambda p, x, log, r: np.random.rand())),
    "draw of random": ("random", besides(lambda p, x, log, r: random.random())),
    "gradients switched off": ("modes", besides(lambda p, x, log, r: torch.set_grad_enabled(False))),
    "first gradient": ("gradients", instead(lambda p, x, log, r: r | {"y": r["y"] + flat_zero(x)})),
    "gradient of a parameter": ("gradients", instead(lambda p, x, log, r: r | {"y": r["y"] + flat_zero(p.fc.bias)})),
    "gradient without a graph": ("single_gradients", instead(lambda p, x, log, r: r | {"y": Careless.apply(r["y"])})),
    "second gradient": ("second_gradients", instead(lambda p, x, log, r: r | {"y": r["y"] + flat_zero(x) ** 2})),
}


def test_the_right_program_passes() -> None:
    verdict = compare(victim(), besides(lambda p, x, log, r: None))
    assert verdict.status == "ok", str(verdict)


def test_every_aspect_has_a_planted_fault() -> None:
    assert {aspect for aspect, _ in FAULTS.values()} == set(ASPECTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found(fault: str) -> None:
    aspect, transform = FAULTS[fault]
    try:
        verdict = compare(victim(), transform)
    finally:
        torch.set_grad_enabled(True)
    assert verdict.status == "wrong"
    assert not verdict.passed
    assert aspect in {difference.aspect for difference in verdict.differences}, str(verdict)


def test_second_gradients_are_compared_on_their_own() -> None:
    _, transform = FAULTS["second gradient"]
    assert {d.aspect for d in compare(victim(), transform).differences} == {"second_gradients"}


RIGHT = {"graphs": 1, "fallbacks": 0, "imperative_calls": 0, "graph_calls": 3}


@pytest.mark.parametrize("counter", RIGHT)
def test_every_counter_is_looked_at(counter: str) -> None:
    assert unmet_wishes(victim(), SimpleNamespace(observed_calls=0, **RIGHT), 3) == []
    wrong = SimpleNamespace(observed_calls=0, **RIGHT | {counter: RIGHT[counter] + 1})
    assert [counter in wish for wish in unmet_wishes(victim(), wrong, 3)] == [True]


def test_arguments_must_be_the_same_each_time() -> None:
    fresh = iter(range(9))
    case = Case("drifting", lambda: Built(torch.sin, [Call((torch.tensor(next(fresh)),), {})], lambda program: None))
    with pytest.raises(AssertionError, match="not deterministic"):
        compare(case, lambda program: program)
