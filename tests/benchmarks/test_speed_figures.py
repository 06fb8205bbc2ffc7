"""The figures of `benchmarks/speed`: from times to ratios, and a whole run in small."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.speed.measure import FIRST_CALLS, Raw
from benchmarks.speed.outcome import difference, geometric_mean, outcomes, until_full_speed
from benchmarks.speed.process import ROOT
from benchmarks.speed.table import problems, programs_table


def raw(peer: str, step: float, first: float, results: list[Any], **more: Any) -> Raw:
    """A peer whose first call takes `first` and all others `step`."""
    times = [first] + [step] * 299
    ends = np.cumsum(times).tolist()
    about = {"training": False, "draws": False, "tolerance": 1e-3, "checked": 5}
    return Raw(peer, None, about, results, times, ends, FIRST_CALLS, [[step] * 4] * 3, **more)


def test_ratios_are_times_as_fast_as_imperative() -> None:
    same = [[np.ones(3)]]
    own, fast, slow = outcomes("p", [raw("imperative", 0.01, 0.01, same), raw("diptych", 0.002, 1.0, same),
                                     raw("jax", 0.02, 0.02, [[np.ones(3) * 1.1]])])  # fmt: skip
    assert own.ratio == own.first_calls_ratio == 1.0
    assert math.isclose(fast.ratio or 0, 5.0)
    assert math.isclose(fast.first_calls_ratio or 0, 2.0 / (1.0 + 199 * 0.002))
    assert (own.slow, fast.slow, slow.slow) == (False, False, True)
    assert (own.right, fast.right, slow.right) == (True, True, False)
    assert math.isclose(geometric_mean([2.0, 8.0]), 4.0)


def test_calls_that_there_was_no_time_for_count_as_steady() -> None:
    short = raw("imperative", 0.5, 1.0, [])
    short.times, short.ends, short.first_calls = short.times[:20], short.ends[:20], 20
    (found,) = outcomes("p", [short])
    assert (found.first_calls, found.measured) == (1.0 + 199 * 0.5, 20)


def test_full_speed_is_reached_when_the_slow_calls_are_over() -> None:
    compiled = raw("diptych", 0.01, 0.01, [])
    compiled.times[:50] = [0.1] * 50
    compiled.ends = np.cumsum(compiled.times).tolist()
    assert math.isclose(until_full_speed(compiled, 0.01) or 0, 5.0)
    assert until_full_speed(compiled, 0.005) is None


def test_differences_are_relative_and_of_all_numbers() -> None:
    expected = [[np.array([1.0, 100.0]), np.array([math.nan])]]
    assert difference([[np.array([1.0, 101.0]), np.array([math.nan])]], expected) == 0.01
    assert difference([[np.array([1.0, 100.0]), np.array([0.0])]], expected) == math.inf
    assert difference([[np.array([1.0, 100.0])]], expected) == math.inf
    assert difference([[np.array([1.0, 100.0, 1.0]), np.array([math.nan])]], expected) == math.inf


def test_a_peer_without_figures_says_why() -> None:
    found = outcomes("p", [raw("imperative", 0.01, 0.01, []), Raw("script", "cannot be compiled")])
    assert list(problems(found)) == ["p, script: no figures: cannot be compiled"]
    assert programs_table(found).row_count == 2


@pytest.mark.slow
def test_a_whole_run_in_small(tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    command = [sys.executable, "-m", "benchmarks.speed", "--small", "--only", "mlp/infer-1", "--threads", "1"]
    command += ["--peers", "diptych,script,jax", "--jax", "nowhere", "--rounds", "2", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = {one["peer"]: one for one in json.loads(file.read_text())["outcomes"]}
    assert list(found) == ["imperative", "diptych", "script", "jax"]
    assert found["jax"]["problem"] in done.stdout
    assert all(found[peer]["right"] and found[peer]["steady"] > 0 for peer in ("imperative", "diptych", "script"))
