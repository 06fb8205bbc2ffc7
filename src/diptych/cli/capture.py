"""`diptych capture`: print the one graph of a program, or write it to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from diptych.cli.loading import load_graph
from diptych.cli.options import InputTexts, TargetText, Traceback
from diptych.cli.problem import Problem, reported
from diptych.cli.staging import captured
from diptych.cli.target import find, parse
from diptych.cli.why import explain
from diptych.graph.program import SymbolicGraph

EXAMPLES = """
[bold]Examples[/bold]

  diptych capture model.py:forward --input N,1,28,28:float32[0,1]

  diptych capture model.py:Net --input 4,10 --input int:3 --python

  diptych capture model.py:Net --input 4,10 --svg net.svg --save net.diptych

  diptych capture model.py:Net --input 4,10 --why

  diptych capture net.diptych
"""


def capture(
    target: TargetText,
    inputs: InputTexts = None,
    python: Annotated[bool, typer.Option("--python", help="Print a standalone PyTorch program instead.")] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the graph with its regions.")] = None,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the graph, as a TARGET for later.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Run it hybridized; say what became of each line.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --why: the report as JSON.")] = False,
    with_traceback: Traceback = False,
) -> None:
    """Capture a program as ONE symbolic graph that holds all of its paths, and print it."""
    with reported(with_traceback):
        if json and not why:
            raise Problem("--json is the form of a report", remedy="give --why too")
        if why:
            explain(parse(target), inputs or [], json)
            return
        graph = _graph(target, inputs or [])
        if python:
            typer.echo(graph.to_python())
        if svg:
            _write(svg, graph.to_svg)
        if save:
            _write(save, graph.save)
        if not (python or svg or save):
            typer.echo(str(graph))


def _graph(text: str, inputs: list[str]) -> SymbolicGraph:
    target = parse(text)
    if not target.name:
        if inputs:
            raise Problem(
                "a saved graph takes no --input",
                where=text,
                why="it was captured already",
                remedy="leave --input away, or give file.py:name to capture again",
            )
        return load_graph(target.path)
    return captured(find(target), inputs)


def _write(path: Path, write: Callable[[Path], object]) -> None:
    try:
        write(path)
    except OSError as error:
        raise Problem(
            f"{path} cannot be written", str(path), why=error.strerror or str(error), remedy="give another file"
        ) from error
    typer.echo(f"wrote {path}")
