"""Random programs with state, by number, run imperatively and hybridized in both ways: a caller must not see which.

python -m tests.capture.random_stateful NUMBER [--count N] [--small] [-v]
"""

from __future__ import annotations

import argparse
import hashlib
import linecache
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

import torch

import diptych
from tests.capture import observation
from tests.capture.cases import Call
from tests.capture.harness import Case, TooLong, build, run, time_limit
from tests.capture.observation import Built, Difference, Observation, Program, differences
from tests.capture.stateful.shrinking import smallest
from tests.capture.stateful.writer import write

BACKEND = "eager"
"""How graphs run."""
MODES = {"staged": False, "speculative": True}
SECONDS = 120


def case_of(text: str, name: str = "random program") -> Case:
    """For the harness: the text as a module, its source where `inspect` finds it."""

    def made() -> Built:
        file = f"<random program {hashlib.sha1(text.encode()).hexdigest()[:12]}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        namespace: dict[str, Any] = {"__name__": "random_program"}
        exec(compile(text, file, "exec"), namespace)
        program, calls = namespace["make"]()
        calls = [Call(tuple(call), {}) for call in calls]
        return Built(program, calls, namespace["state"], namespace["before_call"])

    return Case(name, made, expect="any")


@dataclass
class Findings:
    """What one program gave: per mode how it was served, and where it differs from the imperative program."""

    served: dict[str, str] = field(default_factory=dict)
    differences: dict[str, list[Difference]] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    raised: set[str] = field(default_factory=set)
    errors: dict[str, Exception] = field(default_factory=dict)

    @property
    def bad(self) -> list[str]:
        """The modes in which something is wrong: another behaviour, a capture that crashed, or no end."""
        return [mode for mode, how in self.served.items() if how in ("wrong", "crash", "hang")]

    def __str__(self) -> str:
        lines: list[str] = []
        for mode, how in self.served.items():
            lines.append(f"{mode}: {how}")
            lines += [f"  {d}"[:300] for d in self.differences.get(mode, [])[:12]]
            lines += [f"  refused: {r}"[:400] for r in self.refusals.get(mode, [])]
        return "\n".join(lines)


MISTAKES = ("unsupported operand type(s)", "cannot access free variable", "pop from empty list", "out of range",
            "division by zero", "modulo by zero")  # fmt: skip
"""What Python says of the mistakes that these programs make."""


def how_served(stats: Any, calls: int, raised: set[str]) -> str:
    for refusal in stats.refusals:
        reason = str(refusal).splitlines()[0].partition("[internal]: ")[2]
        kind = reason.partition(":")[0].replace("NameError", "UnboundLocalError")
        if reason and kind not in raised and not any(mistake in reason for mistake in MISTAKES):
            return "crash"  # not an exception that the program itself raises on the path that is traced
    return "graph" if stats.graph_calls == calls else "part" if stats.graph_calls else "fallback"


def findings(text: str, modes: list[str] | None = None) -> Findings:
    """Run the program imperatively and in the modes, and compare every call."""
    found = Findings()
    case = case_of(text)
    expected, _ = run(build(case), lambda program: program)
    found.raised = {type(seen.error).__name__ for seen in expected if seen.error is not None}
    for mode in modes or MODES:
        try:
            with time_limit(SECONDS):
                check(case, mode, expected, found)
        except TooLong:
            found.served[mode] = "hang"
    return found


def check(case: Case, mode: str, expected: list[Observation], found: Findings) -> None:
    def transform(program: Program) -> Program:
        return diptych.hybridize(program, speculate=MODES[mode], backend=BACKEND)

    actual, running = run(build(case), transform)
    wrong = [d for n, pair in enumerate(zip(expected, actual, strict=True)) for d in differences(n, *pair)]
    stats = cast(Any, running).stats
    found.refusals[mode] = [str(refusal) for refusal in stats.refusals]
    found.differences[mode] = wrong
    for want, have in zip(expected, actual, strict=True):
        if have.error is not None and want.error is None:
            found.errors.setdefault(mode, have.error)
    found.served[mode] = "wrong" if wrong else how_served(stats, len(actual), found.raised)


def minimized(text: str, mode: str, seconds: float = 60) -> str:
    """The program with statements deleted as long as it stays bad in the same way."""

    def character(found: Findings) -> tuple[str, set[str]]:
        return found.served[mode], {d.aspect for d in found.differences.get(mode, [])}

    first = findings(text, [mode])
    how, aspects = character(first)

    def as_bad(smaller: str) -> bool:
        try:
            found = findings(smaller, [mode])
        except Exception:  # what is left does not even run imperatively
            return False
        now, seen = character(found)
        return now == how and (not aspects or bool(seen & aspects)) and found.raised <= first.raised

    return smallest(text, as_bad, seconds)


def main() -> int:
    global BACKEND
    parser = argparse.ArgumentParser(description="Compare random programs with their hybridized forms.")
    parser.add_argument("number", type=int, help="the number of the (first) program")
    parser.add_argument("--count", type=int, default=1, help="how many programs, from that number on")
    parser.add_argument("--backend", default=BACKEND, help="how graphs run (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="make what is wrong smaller")
    options = parser.parse_args()
    BACKEND = options.backend
    if BACKEND != "eager":
        observation.RTOL = 1e-3  # sums are added up in another order
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    total: Counter[str] = Counter()
    bad: list[int] = []
    for number in range(options.number, options.number + options.count):
        text = write(number)
        found = findings(text)
        total.update(f"{mode} {how}" for mode, how in found.served.items())
        if found.bad or options.count == 1:
            bad += [number] * bool(found.bad)
            shown = minimized(text, found.bad[0]) if options.small and found.bad else text
            print(f"program {number}\n{shown if options.count == 1 or options.small else ''}\n{found}", flush=True)
    print(", ".join(f"{what}: {count}" for what, count in sorted(total.items())), "bad:", bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
