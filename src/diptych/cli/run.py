"""`diptych run`: run a program and its graph on the same data, and compare."""

from __future__ import annotations

import time
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from diptych.cli.agreement import Agreement, compare
from diptych.cli.arguments import for_program
from diptych.cli.graph_arguments import for_graph
from diptych.cli.loading import load_graph, raised
from diptych.cli.options import InputTexts, TargetText, Traceback
from diptych.cli.outcome import Outcome, median_seconds, observe
from diptych.cli.problem import PROGRAM_FAILED, Problem, reported
from diptych.cli.staging import captured
from diptych.cli.target import Program, Target, find, parse
from diptych.errors import DiptychError
from diptych.graph.program import SymbolicGraph

EXAMPLES = """
[bold]Examples[/bold]

  diptych run model.py:forward --input N=32,1,28,28:float32[0,1]

  diptych run model.py:Net --input @images.pt --input float:0.5

  diptych run net.diptych --input 32,1,28,28
"""

LARGER = 2
"""How much larger than in the example symbolic sizes are in the second comparison."""


def run(target: TargetText, inputs: InputTexts = None, with_traceback: Traceback = False) -> None:
    """Run a program imperatively and as one graph, print the result, whether both are equal, and the time of both."""
    with reported(with_traceback):
        place = parse(target)
        if place.name:
            _run_program(place, inputs or [])
        else:
            _run_graph(place, inputs or [])


def _run_program(target: Target, specs: list[str]) -> None:
    program, twin = find(target), find(target)
    imperative = observe(program.call, for_program(program, specs).arguments, program.call)
    start = time.perf_counter()
    graph = captured(twin, specs)
    capture_seconds = time.perf_counter() - start
    staged = observe(graph, for_program(twin, specs).arguments, twin.call)

    _show(imperative)
    agreement = compare(imperative, staged)
    _insist(agreement, target, "")
    typer.echo(f"imperative program and graph: {agreement}")
    if for_program(program, specs).dynamic:
        _run_larger(program, twin, graph, specs)
    if imperative.error:
        raise raised(imperative.error, target.path, "when it ran, and its graph raises the same") from imperative.error

    table = _table()
    for name, call, owner, first in (
        ("imperative", program.call, program, imperative),
        ("graph", graph, twin, staged),
    ):
        seconds, count = median_seconds(call, lambda owner=owner: for_program(owner, specs).arguments)
        table.add_row(name, _milliseconds(first.seconds), _milliseconds(seconds), str(count))
    Console().print(table)
    typer.echo(f"capture took {_milliseconds(capture_seconds)} ms, once")


def _run_larger(program: Program, twin: Program, graph: SymbolicGraph, specs: list[str]) -> None:
    """Compare again where every symbolic size is larger, unless the program cannot take such sizes."""
    imperative = observe(program.call, for_program(program, specs, larger=LARGER).arguments, program.call)
    if imperative.error:
        typer.echo(f"symbolic sizes larger by {LARGER}: not compared, the program raises {imperative.error!r:.200}")
        return
    agreement = compare(imperative, observe(graph, for_program(twin, specs, larger=LARGER).arguments, twin.call))
    _insist(agreement, program.target, f" where symbolic sizes are larger by {LARGER}")
    typer.echo(f"symbolic sizes larger by {LARGER}: {agreement}")


def _insist(agreement: Agreement, target: Target, when: str) -> None:
    if not agreement.holds:
        raise Problem(
            f"the graph and the imperative program do not agree{when}",
            where=str(target),
            why="\n".join(agreement.differences),
            remedy="this is a fault of Diptych; please report it with the program",
            code=PROGRAM_FAILED,
        )


def _run_graph(target: Target, specs: list[str]) -> None:
    graph = load_graph(target.path)
    shown = str(target)
    outcome = observe(graph, for_graph(graph, shown, specs), graph)
    _show(outcome)
    if isinstance(outcome.error, DiptychError):
        raise outcome.error
    if outcome.error:
        raise raised(outcome.error, target.path, "when it ran") from outcome.error
    seconds, count = median_seconds(graph, lambda: for_graph(graph, shown, specs))
    table = _table()
    table.add_row("graph", _milliseconds(outcome.seconds), _milliseconds(seconds), str(count))
    Console().print(table)
    typer.echo("a saved graph stands alone: there is no imperative program to compare it with")


def _show(outcome: Outcome) -> None:
    if outcome.printed:
        typer.echo(f"printed:\n{outcome.printed.rstrip()}")
    if outcome.error is None:
        typer.echo(f"result:\n{_text(outcome.result)}")


def _text(value: Any) -> str:
    return repr(value)


def _table() -> Table:
    table = Table("", "first call, ms", "median, ms", "calls", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3f}"
