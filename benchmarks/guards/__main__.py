"""What it costs to check the guards of a graph, and to have given up."""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.guards.measure import GivenUp, Guarded, all_given_up, all_guarded


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guards", description=__doc__)
    parser.add_argument("--rounds", type=int, default=101, help="rounds of each measurement (default: %(default)s)")
    parser.add_argument("--width", type=int, default=4, help="channels after the first layer, 64 in the paper; the "
                        "guards are the same for all (default: %(default)s)")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    options = parser.parse_args()
    if options.rounds < 1 or options.width < 1:
        parser.error("--rounds and --width have to be at least 1")
    torch.set_num_threads(options.threads)
    console = Console()
    with console.status("guards"):
        guards = all_guarded(options.rounds, options.width)
    console.print(guards_table(guards))
    with console.status("given up"):
        gave_up = all_given_up(options.rounds)
    console.print(gave_up_table(gave_up))
    if options.json:
        machine = {"torch": torch.__version__, "processor": platform.machine(), "threads": options.threads}
        results = {
            "guards": [dataclasses.asdict(one) | {"ratio": one.ratio} for one in guards],
            "given_up": [dataclasses.asdict(one) for one in gave_up],
        }
        options.json.write_text(json.dumps({**machine, **results}, indent=2) + "\n")


def guards_table(found: list[Guarded]) -> Table:
    """The programs that a graph serves."""
    made = Table(title="the guards of one graph, and whole calls (medians, us)")
    for head in ("program", "facts", "guards", "in use", "imperative call", "hybridized call", "ratio"):
        made.add_column(head, justify="left" if head == "program" else "right")
    for one in found:
        times = [f"{time:.1f}" for time in (one.guards, one.guards_in_use, one.imperative, one.hybrid)]
        made.add_row(one.program, str(one.facts), *times, f"{one.ratio:.2f}")
    return made


def gave_up_table(found: list[GivenUp]) -> Table:
    """The programs that are imperative."""
    made = Table(title="programs that are imperative although hybridized (medians, us)")
    for head in ("program", "refusal", "imperative call", "hybridized call", "ratio"):
        made.add_column(head, justify="left" if head in ("program", "refusal") else "right")
    for one in found:
        made.add_row(one.program, one.refusal, f"{one.imperative:.1f}", f"{one.hybrid:.1f}", f"{one.ratio:.3f}")
    return made


if __name__ == "__main__":
    main()
