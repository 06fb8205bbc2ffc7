"""How fast are programs under diptych, and under everything else that a user could pick?

    python -m benchmarks.speed [--only 'lenet/*'] [--peers diptych,compile] [--small] [--json FILE] [--plot FILE]

All peers run in the same run, each in a process of its own; they take turns in short blocks of the same steps.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.speed.machine import machine
from benchmarks.speed.measure import Settings, acquaint, measure
from benchmarks.speed.outcome import Outcome, outcomes
from benchmarks.speed.plot import plot
from benchmarks.speed.process import ROOT
from benchmarks.speed.registry import PEERS, PROGRAMS
from benchmarks.speed.table import LEGEND, means_table, problems, programs_table

WIDTH = 150
"""Columns that the table needs; a narrower terminal wraps it."""


def chosen_programs(only: list[str] | None) -> list[str]:
    names = [name for name in PROGRAMS if not only or any(fnmatch(name, pattern) for pattern in only)]
    if not names:
        raise typer.BadParameter(f"no program matches; there are {', '.join(PROGRAMS)}", param_hint="--only")
    return names


def chosen_peers(text: str) -> list[str]:
    peers = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in peers if name not in PEERS]
    if unknown or not peers:
        raise typer.BadParameter(f"unknown: {', '.join(unknown) or 'none given'}; there are {', '.join(PEERS)}")
    return peers


def show(found: list[Outcome], console: Console) -> None:
    """Everything as text."""
    console.print(programs_table(found))
    for line in problems(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(means_table(found))
    console.print(LEGEND, markup=False, highlight=False)


def document(found: list[Outcome], about: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The same and every detail, for a JSON file."""
    return {
        "machine": about,
        "settings": dataclasses.asdict(settings),
        "outcomes": [dataclasses.asdict(one) | {"slow": one.slow} for one in found],
    }


def main(
    only: Annotated[list[str] | None, typer.Option(help="Names such as 'lenet/*'; may be given several times.")] = None,
    peers: Annotated[str, typer.Option(help="Which ones, separated by commas; imperative always.")] = ",".join(PEERS),
    small: Annotated[bool, typer.Option(help="The sizes of the tests.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Of every process.")] = len(os.sched_getaffinity(0)),
    rounds: Annotated[int, typer.Option(min=1, help="Blocks of steps of each peer.")] = 15,
    time: Annotated[float, typer.Option(min=1, help="Seconds for a peer to compile and make its first calls.")] = 120.0,
    jax: Annotated[str, typer.Option(help="The Python that has JAX.")] = str(ROOT / ".venv-jax" / "bin" / "python"),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all outcomes to this file.")] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", help="Draw the ratios in this file, a PNG or SVG.")
    ] = None,
) -> None:
    """Compare the speed of imperative PyTorch, diptych and others, in steady state and from the first call on."""
    names, wanted = chosen_programs(only), chosen_peers(peers)
    for file in (json_file, plot_file):
        if file is not None and not file.parent.is_dir():
            raise typer.BadParameter(f"there is no folder {file.parent}")
    about, console, found = machine(threads, jax), Console(), list[Outcome]()
    console.width = max(WIDTH, console.width)
    with Console(stderr=True).status("") as status, tempfile.TemporaryDirectory() as caches:
        settings = Settings(small, threads, rounds, time, jax=jax, caches=caches)
        acquaint(wanted, settings, status.update)
        for name in names:
            found += outcomes(name, measure(name, wanted, settings, status.update))
            if json_file is not None:
                json_file.write_text(json.dumps(document(found, about, settings), indent=1) + "\n")
    show(found, console)
    if plot_file is not None:
        plot(found, about, plot_file)


if __name__ == "__main__":
    typer.run(main)
