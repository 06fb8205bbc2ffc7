"""Comparing two outcomes: every kind of difference is seen, and equal ones agree."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from diptych.cli.agreement import compare
from diptych.cli.outcome import MOST_CALLS, median_seconds, observe

Pair = namedtuple("Pair", "first second")


@dataclass
class Point:
    x: Any
    y: int = 0


def outcomes(one: Callable[..., Any], other: Callable[..., Any], argument: Any = None) -> Any:
    given = [(torch.ones(2) if argument is None else argument,) for _ in range(2)]
    return compare(*(observe(call, arguments, call) for call, arguments in zip((one, other), given, strict=True)))


EQUAL = {
    "tensor": lambda x: x + 1,
    "nan": lambda x: x * torch.nan,
    "random": lambda x: torch.rand(3),
    "nested": lambda x: {"a": [x, (1, "tag")], "b": Pair(x, None)},
    "dataclass": lambda x: Point(x, 3),
    "float": lambda x: float("nan"),
    "array": lambda x: np.ones(3),
    "an object without equality": lambda x: object(),
    "a type": lambda x: Point,
    "printed": print,
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal(name: str) -> None:
    agreement = outcomes(EQUAL[name], EQUAL[name])
    assert agreement.holds
    assert str(agreement) == "equal, bit for bit"


def fails(error: Exception) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        raise error

    return call


def talk(x: Any) -> None:
    print("one")


DIFFERENT = {
    "value": (lambda x: x, lambda x: x + 1, "the result differs: Mismatched elements: 2 / 2"),
    "shape": (lambda x: x, lambda x: x[:1], "the result is float32[2], from the graph float32[1]"),
    "dtype": (lambda x: x, lambda x: x.double(), "from the graph float64[2]"),
    "gradient": (lambda x: x, lambda x: x.clone().requires_grad_(), "with gradient"),
    "type": (lambda x: [x], lambda x: (x,), "is of type list, from the graph tuple"),
    "number": (lambda x: 1, lambda x: 2, "the result is 1, from the graph 2"),
    "number type": (lambda x: 1, lambda x: 1.0, "is of type int, from the graph float"),
    "float": (lambda x: 1.0, lambda x: 1.1, "the result is 1.0, from the graph 1.1"),
    "length": (lambda x: [x], lambda x: [x, x], "the length of the result is 1"),
    "key": (lambda x: {"a": 1}, lambda x: {"b": 1}, "the keys of the result"),
    "item": (lambda x: {"a": [1]}, lambda x: {"a": [2]}, "the result['a'][0] is 1"),
    "attribute": (lambda x: Point(x, 1), lambda x: Point(x, 2), "the result.y is 1"),
    "array": (lambda x: np.ones(2), lambda x: np.zeros(2), "the result differs"),
    "exception": (fails(ValueError("a")), lambda x: x, "is 'ValueError: a', from the graph 'no exception'"),
    "message": (fails(ValueError("a")), fails(ValueError("b")), "'ValueError: b'"),
    "printed": (talk, lambda x: None, "the printed text is 'one\\n'"),
    "argument": (lambda x: x.add_(1).sum() * 0, lambda x: x.sum() * 0, "the state afterwards['argument 0'] differs"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    one, other, said = DIFFERENT[name]
    x = torch.ones(2)
    agreement = compare(*(observe(call, (x.clone(),), call) for call in (one, other)))
    assert not agreement.holds
    assert said in str(agreement)


def test_rounding_is_told_apart_from_equality() -> None:
    agreement = outcomes(lambda x: x, lambda x: x + 1e-7)
    assert agreement.holds
    assert str(agreement) == "equal up to rounding in 1 tensors"


def test_buffers_of_a_module_are_compared() -> None:
    one, other = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    x = torch.randn(4, 2)
    assert compare(observe(one, (x,), one), observe(other, (x,), other)).holds
    other.eval()
    assert "running_mean" in str(compare(observe(one, (x,), one), observe(other.eval(), (x,), other)))


def test_timing_counts_the_calls_and_hides_what_they_print() -> None:
    calls: list[int] = []
    seconds, count = median_seconds(lambda x: print("called", calls.append(x)), lambda: (1,))
    assert count == len(calls) == MOST_CALLS
    assert seconds > 0


def test_timing_of_a_program_that_stops_working() -> None:
    calls: list[int] = []

    def twice() -> None:
        calls.append(1)
        if len(calls) > 2:
            raise RuntimeError

    assert median_seconds(twice, lambda: ())[1] == 2
