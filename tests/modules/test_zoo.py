"""Every module of the zoo, hybridized and imperative, must be indistinguishable, and one graph must serve it."""

from __future__ import annotations

import pytest
import torch

from tests.capture.harness import build, compare, run
from tests.capture.observation import Observation
from tests.modules.comparison import CALLS, MORE_THAN_ONE_GRAPH, case_of
from tests.modules.zoo import THEMES, ZOO

BY_NAME = {entry.name: entry for entry in ZOO}


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(ZOO)


def test_every_theme_has_entries() -> None:
    assert all(theme.ENTRIES and theme.__doc__ for theme in THEMES)


def test_exceptions_name_entries() -> None:
    assert set(BY_NAME) >= set(MORE_THAN_ONE_GRAPH)


def is_finite(observation: Observation) -> bool:
    """Whether the result has no NaN, which would hide differences: NaN equals NaN in a comparison."""
    values = [value[-1] for value in (observation.tables["result"] or {}).values()]
    return not any(torch.is_tensor(v) and v.is_floating_point() and v.isnan().any() for v in values)


@pytest.mark.parametrize("name", BY_NAME)
def test_imperative_module_is_sound(name: str) -> None:
    """It runs without an error, gives numbers, and does the same thing again from the same seed."""
    case = case_of(BY_NAME[name])
    observations, _ = run(build(case), lambda program: program)
    assert [observation.error for observation in observations] == [None] * CALLS
    assert all(is_finite(observation) for observation in observations)
    verdict = compare(case, lambda program: program)
    assert verdict.status == "ok", str(verdict)


# Capturing all of them takes minutes: one in QUICK_STEP is always tested, the others with the slow tests.
QUICK_STEP = 5
SPREAD = [pytest.param(n, marks=[pytest.mark.slow] if i % QUICK_STEP else []) for i, n in enumerate(BY_NAME)]


@pytest.mark.parametrize("name", SPREAD)
def test_hybridized_module(name: str) -> None:
    verdict = compare(case_of(BY_NAME[name]))
    assert verdict.passed, str(verdict)
    assert verdict.status != "ok" or name not in MORE_THAN_ONE_GRAPH, "one graph served it: take it off the list"
