"""Random programs: imperative and hybridized must be indistinguishable; and the generator itself is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

import diptych
from tests.capture import observation
from tests.capture.harness import Verdict, build, compare, run
from tests.capture.observation import Program
from tests.capture.random_programs import PRELUDE, RandomProgram, programs

hybridize_exists = pytest.mark.skipif(not hasattr(diptych, "hybridize"), reason="diptych.hybridize is not there yet")
quiet = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True to a scalar")

pytestmark = quiet
SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
steady = settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW_DRAWS)
search = settings(steady, max_examples=1000, derandomize=False)


def checked(program: RandomProgram, transform: Callable[[Program], Program] | None = None) -> Verdict:
    verdict = compare(program.case, transform)
    assert verdict.status != "wrong", f"{verdict}"
    return verdict


@hybridize_exists
def test_hybridized_programs_agree() -> None:
    """Sixty programs, the same ones every time, most of them without help from the imperative program."""
    statuses: Counter[str] = Counter()

    @steady
    @given(programs())
    def agrees(program: RandomProgram) -> None:
        statuses[checked(program).status] += 1

    agrees()
    assert statuses["ok"] > statuses["fallback"], statuses


@hybridize_exists
def test_programs_in_native_code_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients, aliases and what is written included; sums are added up in another order there."""
    monkeypatch.setattr(observation, "RTOL", 1e-3)

    @settings(steady, max_examples=20)
    @given(programs())
    def agrees(program: RandomProgram) -> None:
        checked(program, lambda running: diptych.hybridize(running, speculate=False, backend="native"))

    agrees()


@hybridize_exists
@pytest.mark.slow
@search
@given(programs())
def test_many_hybridized_programs_agree(program: RandomProgram) -> None:
    checked(program)


@steady
@given(programs())
def test_imperative_programs_agree_with_themselves(program: RandomProgram) -> None:
    checked(program, lambda running: running)


FEATURES = [
    "if", "elif", "else", "while", "for", "break", "continue", "return", "assert", "raise", "with", "None",
    "enumerate", "zip", "range", "append", "stack", "rand", "dropout", "item", "helper", "self.memory", "self.count",
    "] = ", " += ", ".view(", "and", "or", "not",
]  # fmt: skip


def body(program: RandomProgram) -> str:
    return program.text.removeprefix(PRELUDE)


def drawn(number: int) -> list[RandomProgram]:
    found: list[RandomProgram] = []

    @settings(steady, max_examples=number, phases=[Phase.generate])
    @given(programs())
    def keep(program: RandomProgram) -> None:
        found.append(program)

    keep()
    return found


def test_every_feature_is_drawn_often() -> None:
    texts = [body(program) for program in drawn(400)]
    seen = {feature: sum(feature in text for text in texts) for feature in FEATURES}
    assert min(seen.values()) > 8, seen


def test_blocks_are_nested_three_deep() -> None:
    """Three blocks around a line: it stands six levels in, the body of a method being at two."""
    assert sum("\n" + "    " * 5 in body(program) for program in drawn(200)) > 20


def test_programs_take_different_paths_and_rarely_fail() -> None:
    programs_seen = drawn(150)
    errors: Counter[str] = Counter()
    differing = 0
    for program in programs_seen:
        observations, _ = run(build(program.case), lambda running: running)
        errors.update(type(o.error).__name__ for o in observations if o.error is not None)
        differing += len({repr(o.tables["result"]) for o in observations}) > 1
    assert set(errors) <= {"ValueError", "AssertionError", "UnboundLocalError"}, errors
    assert 0 < errors.total() < len(programs_seen)
    assert differing > len(programs_seen) / 2


def changed(old: str, new: str) -> Callable[[RandomProgram], Verdict]:
    """Compare a program with one that has a fault: `old` in its text became `new`."""

    def verdict(program: RandomProgram) -> Verdict:
        faulty = replace(program, text=PRELUDE + body(program).replace(old, new))

        def transform(running: Any) -> Program:
            return type(build(faulty.case).program.__self__).run.__get__(running.__self__)

        return compare(program.case, transform)

    return verdict


FAULTS = {
    "continue": "pass",
    "in range(3)": "in range(2)",
    "% 2 == 0": "% 2 == 1",
    "m.add_(": "m.sub_(",
    "torch.no_grad()": "torch.enable_grad()",
    "torch.randn(3)": "torch.rand(3)",
    "self.count += 1": "self.count += 2",
    '"sum above"': '"sum below"',
    ".clamp_(": ".clamp(",
}


def first_failing(old: str, phases: list[Phase]) -> RandomProgram:
    verdict = changed(old, FAULTS[old])

    def fails(program: RandomProgram) -> bool:
        return old in body(program) and verdict(program).status == "wrong"

    return find(programs(), fails, settings=settings(steady, max_examples=2000, phases=phases))


@pytest.mark.parametrize("old", FAULTS)
def test_a_planted_fault_is_found(old: str) -> None:
    assert old in body(first_failing(old, [Phase.generate]))


def test_what_is_reported_is_small() -> None:
    smallest = first_failing("% 2 == 0", [Phase.generate, Phase.shrink])
    assert len(body(smallest).splitlines()) <= 8, smallest
    assert "% 2 == 0" in repr(smallest)
