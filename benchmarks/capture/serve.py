"""How many programs does each way of capturing serve with one graph?

    python -m benchmarks.capture.serve [--only 'zoo/*'] [--peers diptych,export] [--limit 40] [--json FILE]

Every program of the corpus and of the zoo is called several times, along different paths, imperatively and through
each peer. Results, exceptions, printed lines, state, random streams and first and second gradients are compared.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.capture.isolation import all_trials
from benchmarks.capture.peers import PEERS
from benchmarks.capture.programs import COLLECTIONS, program_names
from benchmarks.capture.trial import STATUSES, Outcome

Outcomes = dict[str, dict[str, Outcome]]
"""By program, then by peer."""


def totals(outcomes: Outcomes, peer: str, collection: str) -> Counter[str]:
    """How often each status came out; a collection of "all" stands for every program."""
    chosen = [by for name, by in outcomes.items() if collection in ("all", name.partition("/")[0])]
    return Counter(by[peer].status for by in chosen if peer in by)


def summary(outcomes: Outcomes, peers: list[str]) -> Table:
    """One row a collection and peer; `share` is that of programs served."""
    table = Table("programs", "peer", *STATUSES, "share", box=SIMPLE_HEAD, padding=0)
    for number, column in enumerate(table.columns):
        column.no_wrap, column.justify = True, "right" if number >= 2 else "left"
    present = [c for c in COLLECTIONS if any(name.startswith(f"{c}/") for name in outcomes)]
    for collection in [*present, "all"] if len(present) > 1 else present:
        for peer in peers:
            count = totals(outcomes, peer, collection)
            cells = [str(count[status]) for status in STATUSES]
            share = f"{count['served'] / max(1, count.total()):.1%}"
            title = f"{collection} ({count.total()})" if peer == peers[0] else ""
            table.add_row(title, peer, *cells, share, end_section=peer == peers[-1])
    return table


def document(outcomes: Outcomes, peers: list[str], seconds: float) -> dict[str, object]:
    """The same and every detail, for a JSON file."""
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "seconds_per_program": seconds,
        "statuses": STATUSES,
        "totals": {c: {p: totals(outcomes, p, c) for p in peers} for c in (*COLLECTIONS, "all")},
        "programs": {name: {p: asdict(o) for p, o in by.items()} for name, by in sorted(outcomes.items())},
    }


def chosen_peers(text: str) -> list[str]:
    peers = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in peers if name not in PEERS]
    if unknown or not peers:
        raise typer.BadParameter(f"unknown: {', '.join(unknown) or 'none given'}; there are {', '.join(PEERS)}")
    return peers


def main(
    only: Annotated[list[str] | None, typer.Option(help="Names such as 'zoo/*'; may be given several times.")] = None,
    peers: Annotated[str, typer.Option(help="Which ways of capturing, separated by commas.")] = ",".join(PEERS),
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many programs, evenly spread.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Time limit for one program under one peer.")] = 60.0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all outcomes to this file.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line for each program not served.")] = False,
) -> None:
    """Compare ways of capturing over the corpus and the zoo."""
    chosen, names = chosen_peers(peers), program_names(only, limit)
    if not names:
        raise typer.BadParameter(f"no program matches {', '.join(only or [])}", param_hint="--only")
    if json_file is not None and not json_file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json_file.parent}", param_hint="--json")
    console, outcomes = Console(), {name: {} for name in names}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("capturing", total=len(names) * len(chosen))
        for name, peer, outcome in all_trials(names, chosen, seconds, jobs):
            outcomes[name][peer] = outcome
            progress.update(task, advance=1, description=f"{peer:<8} {name}")
            if verbose and outcome.status != "served":
                detail = " ".join(outcome.detail.split())[:200]
                console.print(
                    f"{name} {peer}: {outcome.status} {detail}", markup=False, highlight=False, soft_wrap=True
                )
    console.print(summary(outcomes, chosen))
    for status, meaning in STATUSES.items():
        console.print(f"{status:>8}  {meaning}", highlight=False, soft_wrap=True)
    if json_file is not None:
        json_file.write_text(json.dumps(document(outcomes, chosen, seconds), indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
