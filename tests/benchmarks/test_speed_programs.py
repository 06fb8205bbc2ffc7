"""The programs of `benchmarks/speed`, in small: every peer gives the imperative results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.speed.measure import Settings
from benchmarks.speed.outcome import difference
from benchmarks.speed.peers import hybrid, imperative
from benchmarks.speed.process import ROOT, Problem
from benchmarks.speed.registry import PROGRAMS, NotApplicable, find
from benchmarks.speed.work import Work, arrays, results

LONG = ("inception/train", "ppo/train", "resnet50/train")
"""Programs that take longer than a few seconds to capture."""
JAX = ROOT / ".venv-jax" / "bin" / "python"


def first_results(work: Work, peer: Any) -> list[list[np.ndarray]]:
    """Those of the first steps."""
    step, found = peer.prepare(work), []
    with torch.set_grad_enabled(work.training):
        for number in range(work.checked):
            torch.manual_seed(number)
            found.append(results(step(*work.batches[number % len(work.batches)])))
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in PROGRAMS]
)
def test_hybridized_steps_are_the_imperative_ones(name: str) -> None:
    works = [find("programs", name)(0, True) for _ in range(2)]
    expected = first_results(works[0], imperative)
    assert all(np.isfinite(leaf).all() for leaves in expected for leaf in leaves)
    assert difference(first_results(works[1], hybrid), expected) <= 1e-4


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_work_begins_anew(name: str) -> None:
    work = find("programs", name)(0, True)
    expected = first_results(work, imperative)
    work.restore()
    assert difference(first_results(work, imperative), expected) == 0.0


@pytest.mark.slow
@pytest.mark.skipif(not JAX.exists(), reason="`make bench` makes the environment of JAX")
@pytest.mark.parametrize("name", PROGRAMS)
def test_steps_of_jax_are_the_imperative_ones(name: str, tmp_path: Any) -> None:
    work = find("programs", name)(0, True)
    expected = first_results(work, imperative)
    process = Settings(small=True, threads=1, jax=str(JAX), caches=str(tmp_path)).process(name, "jax")
    try:
        process.send({"parameters": work.parameters(), "batches": [work.plain(batch) for batch in work.batches]})
        process.receive(60)
        found = process.ask("first", work.checked, work.checked, 60.0)["results"]
    except Problem as problem:
        if str(problem) != "not written for it":
            raise
        pytest.skip(str(problem))
    finally:
        process.stop()
    if not work.draws:
        assert difference(found, expected) <= 1e-3
    assert [leaf.shape for leaves in found for leaf in leaves] == [leaf.shape for leaves in expected for leaf in leaves]


def test_programs_are_found_by_name() -> None:
    with pytest.raises(NotApplicable):
        find("in_jax", "trivial/infer")
    assert arrays((torch.ones(2), 3))[0].dtype == np.float32
