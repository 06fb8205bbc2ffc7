"""`diptych verify`: decide a VNN-LIB property of a network, or of a program."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from diptych.analyses.cases import Case
from diptych.analyses.falsify import flat_text
from diptych.analyses.verdict import Proved, Refuted, Verdict
from diptych.analyses.verify import verify as decide
from diptych.cli.loading import load_graph
from diptych.cli.options import InputTexts, Traceback
from diptych.cli.problem import reported
from diptych.cli.staging import captured
from diptych.cli.target import find, parse
from diptych.errors import DiptychError
from diptych.graph.program import SymbolicGraph
from diptych.interop.onnx_reader import load_onnx
from diptych.interop.vnnlib import load_vnnlib

EXAMPLES = """
[bold]Examples[/bold]

  diptych verify net.onnx --property safe.vnnlib --time 60

  diptych verify net.onnx.gz --property safe.vnnlib.gz

  diptych verify model.py:Net --input 1,5 --property safe.vnnlib
"""

ERROR = 3
"""Exit code: nothing could be decided, because a file, the program or an operation cannot be read."""


def verify(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="NET.onnx (or .gz), file.py:name, or a saved graph.")],
    prop: Annotated[Path, typer.Option("--property", "-p", metavar="FILE", help="VNN-LIB 1.0: .vnnlib, or .gz of it.")],
    seconds: Annotated[float, typer.Option("--time", metavar="SECONDS", min=0.0, help="The time to spend.")] = 60.0,
    inputs: InputTexts = None,
    with_traceback: Traceback = False,
) -> None:
    """Prove that no input of the property's box gives an unsafe output, or find one that does.

    The last line begins with proved, refuted, unknown or error; the exit code is 0, 1, 2 or 3.
    """
    started = time.monotonic()
    try:
        with reported(with_traceback):
            graph, cases = _graph(target, inputs or []), load_vnnlib(prop)
            verdict = _decided(graph, cases, seconds, started)
    except typer.Exit:
        typer.echo("error")
        raise typer.Exit(ERROR) from None
    if isinstance(verdict, Refuted):
        typer.echo(f"input   {flat_text(verdict.witness)}\noutput  {flat_text(verdict.output)}")
    spent = f"{time.monotonic() - started:.2f} s"
    match verdict:
        case Proved():
            typer.echo(f"proved for {verdict.arithmetic}; {verdict.boxes} boxes, {spent}")
            return
        case Refuted():
            typer.echo(f"refuted: the program was run on the input above; {spent}")
            raise typer.Exit(1)
        case _:
            typer.echo(f"{verdict}; {spent}")
            raise typer.Exit(2)


def _decided(graph: SymbolicGraph, cases: list[Case], seconds: float, started: float) -> Verdict:
    console = Console(stderr=True)
    left = max(0.0, seconds - (time.monotonic() - started))
    try:
        if not console.is_terminal:
            return decide(graph, cases, seconds=left)
        with console.status("looking for an unsafe input") as status:
            return decide(graph, cases, seconds=left, progress=status.update)
    except ValueError as error:
        raise DiptychError(str(error)) from error


def _graph(text: str, inputs: list[str]) -> SymbolicGraph:
    if text.endswith((".onnx", ".onnx.gz")):
        return load_onnx(text)
    target = parse(text)
    return captured(find(target), inputs) if target.name else load_graph(target.path)
