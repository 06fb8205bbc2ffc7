"""`diptych capture --why`: run a program hybridized, and say what became of each of its lines."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import typer

import diptych
from diptych.cli.arguments import for_program
from diptych.cli.problem import Problem
from diptych.cli.target import Target, find


def explain(target: Target, specs: Sequence[str], json: bool) -> None:
    """Call the program on its example arguments, observed, captured and as a graph, and print the report."""
    if not target.name:
        raise Problem(
            "--why takes a program",
            where=str(target),
            why="a saved graph no longer knows what was refused or guarded",
            remedy="give file.py:name, or leave --why away to print the graph",
        )
    program = find(target)
    hybrid = diptych.hybridize(program.call, backend="eager")
    for _ in range(3):
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                hybrid(*for_program(program, specs).arguments)
            except Exception as error:
                failed = f"{type(error).__name__}: {error}"
                typer.echo(f"the program raised {failed}", err=True)
    report = hybrid.report()
    typer.echo(report.json() if json else str(report))
