"""Programs of a folder in several rounds: is each call the imperative one, and which rounds do graphs serve?

    python -m tests.capture.rounds [FOLDER] [--rounds 3] [--staged] [-v]

The files are cases as those in `tests/capture/cases`; a round makes all calls of a case. `--staged` forbids speculation
(and with it the observed call); without it, programs are hybridized with the default settings.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import diptych
from tests.capture.harness import CASES, TooLong, build, case_named, time_limit
from tests.capture.observation import Built, Difference, Observation, Program, differences, observe

SECONDS = 240


@dataclass
class Rounds:
    """What came out: how many calls a round has, how many of each graphs served, and what was not imperative."""

    calls: int
    served: list[int]
    graphs: int
    differences: list[Difference]
    refusals: list[str]

    @property
    def status(self) -> str:
        """In one word: `wrong`, or whether graphs served all, some or none of the last round's calls."""
        if self.differences:
            return "wrong"
        return "served" if self.served[-1] == self.calls else "partly" if self.served[-1] else "imperative"


def in_rounds(built: Built, running: Program, rounds: int) -> tuple[list[Observation], list[int]]:
    """All calls, so many times, and how many graphs served in each round."""
    seen: list[Observation] = []
    served: list[int] = []
    stats: Any = getattr(running, "stats", None)
    for round_ in range(rounds):
        before = stats.graph_calls if stats is not None else 0
        for number, call in enumerate(built.calls):
            built.before_call(built.program, number)
            seen.append(observe(running, built, call, 100 + number + round_))
        served.append(stats.graph_calls - before if stats is not None else 0)
    return seen, served


def compare(name: str, folder: Path, rounds: int, speculate: bool) -> Rounds:
    """Run a program both ways."""
    case = case_named(name, folder)
    one, other = build(case), build(case)
    wanted, _ = in_rounds(one, one.program, rounds)
    hybrid: Any = diptych.hybridize(other.program, speculate=speculate, backend="eager")
    got, served = in_rounds(other, hybrid, rounds)
    found = [d for k, (a, b) in enumerate(zip(wanted, got, strict=True)) for d in differences(k, a, b)]
    return Rounds(len(other.calls), served, hybrid.stats.graphs, found, list(hybrid.stats.refusals))


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the programs of a folder in rounds.")
    parser.add_argument("folder", nargs="?", type=Path, default=CASES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--staged", action="store_true", help="without speculation")
    parser.add_argument("-v", "--verbose", action="store_true", help="all differences and refusals")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    total: dict[str, int] = {}
    for name in sorted(path.stem for path in options.folder.glob("*.py") if path.stem != "__init__"):
        try:
            with time_limit(SECONDS):
                found = compare(name, options.folder, options.rounds, not options.staged)
        except (Exception, TooLong):
            print(f"{name:<44} error      {traceback.format_exc().splitlines()[-1]}", flush=True)
            total["error"] = total.get("error", 0) + 1
            continue
        total[found.status] = total.get(found.status, 0) + 1
        rounds = " ".join(f"{count}/{found.calls}" for count in found.served)
        first = " ".join(found.refusals[0].split())[:100] if found.refusals else ""
        print(f"{name:<44} {found.status:<10} {found.graphs:>2} graphs, served {rounds}  {first}", flush=True)
        if options.verbose or found.differences:
            print("\n".join(map(str, [*found.differences, *found.refusals])))
    print(", ".join(f"{status}: {count}" for status, count in sorted(total.items())))
    return 1 if total.get("wrong") or total.get("error") else 0


if __name__ == "__main__":
    sys.exit(main())
