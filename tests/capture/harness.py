"""The differential harness: a program and its hybridized form must be indistinguishable, call by call.

`compare(case)` builds the program twice, runs one imperatively and one through a transformation, and returns a
`Verdict`: wrong if a caller could tell the two apart, else whether one graph served every call.

    python -m tests.capture.harness [PATTERN]... [-v] [--imperative]
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib.util
import itertools
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tests.capture import observation
from tests.capture.cases import Call
from tests.capture.observation import Built, Difference, Observation, Program, differences, observe, same, seed, table

CASES = Path(__file__).parent / "cases"
SECONDS_PER_CASE = 60
SPECULATE = False
BACKEND = "eager"
Transform = Callable[[Program], Program]


@dataclass(frozen=True)
class Case:
    """A program to compare: `build` makes it anew, in a module of its own, so that nothing is shared."""

    name: str
    build: Callable[[], Built]
    expect: str = "graph"
    max_graphs: int = 1


def case_names(patterns: list[str] | None = None) -> list[str]:
    names = sorted(path.stem for path in CASES.glob("*.py") if path.stem != "__init__")
    return [name for name in names if not patterns or any(fnmatch.fnmatch(name, p) for p in patterns)]


_fresh = itertools.count()


def load_module(name: str, folder: Path = CASES) -> ModuleType:
    """The case file as a module of its own: loading it twice gives two sets of globals."""
    spec = importlib.util.spec_from_file_location(f"tests.capture.cases.{name}__{next(_fresh)}", folder / f"{name}.py")
    assert spec is not None, name
    assert spec.loader is not None, name
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and inspect look their module up there
    spec.loader.exec_module(module)
    return module


def case_named(name: str, folder: Path = CASES) -> Case:
    def build() -> Built:
        module = load_module(name, folder)
        program, calls = module.make()
        calls = [call if isinstance(call, Call) else Call(tuple(call), {}) for call in calls]
        hooks = {name: getattr(module, name) for name in ("before_call",) if hasattr(module, name)}
        return Built(program, calls, getattr(module, "state", lambda program: None), **hooks)

    module = load_module(name, folder)
    return Case(name, build, module.EXPECT, getattr(module, "MAX_GRAPHS", 1))


def build(case: Case) -> Built:
    """The same program and arguments every time."""
    seed(0)
    return case.build()


def run(built: Built, transform: Transform) -> tuple[list[Observation], Program]:
    """All calls in a row, and what ran them."""
    running = transform(built.program)
    observations: list[Observation] = []
    for number, call in enumerate(built.calls):
        built.before_call(built.program, number)
        observations.append(observe(running, built, call, 100 + number))
    return observations, running


@dataclass
class Verdict:
    """What came out: `differences` make it wrong; `unmet` says which wishes about graphs failed; else it is ok."""

    case: Case
    differences: list[Difference] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    @property
    def status(self) -> str:
        return "wrong" if self.differences else "fallback" if self.unmet else "ok"

    @property
    def passed(self) -> bool:
        """Right, and in one graph where the case expects that."""
        return self.status == "ok" or (self.status == "fallback" and self.case.expect == "any")

    def __str__(self) -> str:
        notes = [str(d) for d in self.differences] + self.unmet + [f"refused: {r}" for r in self.refusals]
        return "\n".join([f"{self.case.name}: {self.status}", *(f"  {note}" for note in notes)])


def unmet_wishes(case: Case, stats: Any, calls: int) -> list[str]:
    """Which of the counters say that something else than the graph served a call that was not observed."""
    observed = stats.observed_calls
    wishes = {
        f"graphs should be 1 to {case.max_graphs}": (stats.graphs, 1 <= stats.graphs <= case.max_graphs),
        "fallbacks should be 0": (stats.fallbacks, stats.fallbacks == 0),
        f"imperative_calls should be {observed}": (stats.imperative_calls, stats.imperative_calls == observed),
        f"graph_calls should be {calls - observed}": (stats.graph_calls, stats.graph_calls == calls - observed),
    }
    return [f"{wish}, is {value}" for wish, (value, holds) in wishes.items() if not holds]


def compare(case: Case, transform: Transform | None = None) -> Verdict:
    """Run the case imperatively and through `transform` (default: `diptych.hybridize` without speculation)."""
    if transform is None:
        import diptych

        def transform(program: Program) -> Program:
            return diptych.hybridize(program, speculate=SPECULATE, backend=BACKEND)

    one, other = build(case), build(case)
    assert same(table(one.calls, "calls"), table(other.calls, "calls")), f"{case.name}: make() is not deterministic"
    expected, _ = run(one, lambda program: program)
    actual, running = run(other, transform)
    verdict = Verdict(case)
    for number, (want, have) in enumerate(zip(expected, actual, strict=True)):
        verdict.differences += differences(number, want, have)
        if have.error is not None and want.error is None:
            verdict.errors.append(have.error)
    stats = getattr(running, "stats", None)
    if stats is not None:
        if BACKEND != "auto":  # there, time decides what serves a call
            verdict.unmet = unmet_wishes(case, stats, len(actual))
        verdict.refusals = [str(refusal) for refusal in stats.refusals]
    return verdict


class TooLong(BaseException):
    """The case ran out of time; no handler for ordinary exceptions may swallow it."""


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def guarded(name: str, transform: Transform | None) -> tuple[str, bool, str, str]:
    """Status, passed, a short note and a long one; nothing that happens inside stops the other cases."""
    try:
        with time_limit(SECONDS_PER_CASE):
            verdict = compare(case_named(name), transform)
    except (Exception, TooLong) as error:
        return "error", False, f"{type(error).__name__}: {error}", traceback.format_exc()
    notes = [*map(str, verdict.differences), *verdict.refusals, *verdict.unmet, ""]
    traces = ["".join(traceback.format_exception(e)) for e in verdict.errors]
    return verdict.status, verdict.passed, notes[0], "\n".join([str(verdict), *traces])


def main() -> int:
    global SPECULATE, BACKEND
    parser = argparse.ArgumentParser(description="Compare the corpus with its hybridized form.")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="names of cases, * allowed")
    parser.add_argument("-v", "--verbose", action="store_true", help="all differences, refusals and tracebacks")
    parser.add_argument("--imperative", action="store_true", help="compare the imperative programs with themselves")
    parser.add_argument("--backend", default=BACKEND, help="how graphs run (default: %(default)s)")
    parser.add_argument("--speculate", action="store_true", help="with the default settings of `diptych.hybridize`")
    options = parser.parse_args()
    SPECULATE, BACKEND = options.speculate, options.backend
    if BACKEND != "eager":
        observation.RTOL = 1e-3  # sums are added up in another order
    torch.set_num_threads(1)
    total: Counter[str] = Counter()
    for name in case_names(options.patterns):
        status, passed, note, long = guarded(name, (lambda program: program) if options.imperative else None)
        total["passed" if passed else "failed"] += 1
        total[status] += 1
        print(f"{name:<44} {status:<9} {' '.join(note.split())[:160]}", flush=True)
        if options.verbose and status != "ok":
            print(long)
    print(", ".join(f"{status}: {count}" for status, count in total.items()))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
