"""The demo's comparison sees every kind of difference."""

from __future__ import annotations

import math

import pytest
import torch

from diptych.demo.compare import Agreement, answers, numbers, tensors, trainings
from diptych.demo.train import Answers, Epoch


def epoch(loss: float = 1.0, rounds: int = 3, logit: float = 0.5) -> Epoch:
    said = Answers(torch.full((2, 10), logit), [rounds, 0], accuracy=0.5, seconds=1.0)
    return Epoch([loss, 2.0], [rounds, 1], first_step_seconds=0.1, seconds=1.0, answers=said)


def test_equal_trainings() -> None:
    found = trainings([epoch(), epoch()], [epoch(), epoch()])
    assert [a.count for a in found] == [4, 4, 40, 4]
    assert all(a.holds and a.largest == 0 for a in found)
    assert str(found[0]) == "losses of the training steps: all 4 equal, bit for bit"


@pytest.mark.parametrize(
    ("other", "broken"), [(epoch(loss=1.1), [0]), (epoch(rounds=4), [1, 3]), (epoch(logit=0.6), [2])]
)
def test_different_trainings(other: Epoch, broken: list[int]) -> None:
    found = trainings([epoch()], [other])
    assert [number for number, a in enumerate(found) if not a.holds] == broken


def test_rounding_is_named() -> None:
    found = numbers("sums", [1.0, 1000.0], [1.0, 1000.001])
    assert found.holds
    assert str(found) == "sums: 2 numbers equal up to rounding, largest difference 1.00e-06"
    assert "NOT equal" in str(numbers("sums", [0.0], [0.1]))


@pytest.mark.parametrize(
    ("one", "other", "largest"),
    [
        ([math.nan], [math.nan], 0.0),
        ([math.nan], [1.0], math.inf),
        ([math.inf], [math.inf], 0.0),
        ([math.inf], [-math.inf], math.inf),
        ([1.0], [1.0, 2.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_unusual_numbers(one: list[float], other: list[float], largest: float) -> None:
    assert numbers("x", one, other) == Agreement("x", max(len(one), len(other)), largest)


def test_tensors_of_different_sizes_and_answers() -> None:
    assert not tensors("x", [torch.ones(2)], [torch.ones(3)]).holds
    one = epoch().answers
    assert all(a.holds for a in answers([one], [one]))
