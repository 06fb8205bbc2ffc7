"""What the demo prints: tables and texts, all from measured values."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from diptych.demo.compare import Agreement
from diptych.demo.train import Epoch
from diptych.graph.program import SymbolicGraph

MOST_LINES = 80
"""How many lines of a graph the terminal shows; the file has all."""


def heading(console: Console, text: str) -> None:
    """A title of a part."""
    console.print(f"\n[bold]{text}[/bold]")


def epochs(console: Console, imperative: Sequence[Epoch], graph: Sequence[Epoch]) -> None:
    """Loss and accuracy of both trainings after every epoch."""
    table = _table("epoch", "loss imperative", "loss graph", "accuracy imperative", "accuracy graph")
    for number, (a, b) in enumerate(zip(imperative, graph, strict=True), start=1):
        losses = (f"{epoch.loss:.6f}" for epoch in (a, b))
        accuracies = (f"{epoch.answers.accuracy:.1%}" for epoch in (a, b))
        table.add_row(str(number), *losses, *accuracies)
    console.print(table)


def paths(console: Console, graph: Sequence[Epoch]) -> None:
    """Which way the data went through the graph: how much left early, and the rounds that the rest needed."""
    table = _table(
        "epoch", "batches left early", "rounds of the others", "test images left early", "rounds of the others"
    )
    for number, epoch in enumerate(graph, start=1):
        sides = (epoch.rounds, epoch.answers.rounds)
        table.add_row(str(number), *(cell for rounds in sides for cell in (_early(rounds), _spread(rounds))))
    console.print(table)


def agreements(console: Console, found: Iterable[Agreement]) -> None:
    """One line for each thing compared."""
    for agreement in found:
        mark = "[green]equal[/green]    " if agreement.holds else "[red]NOT equal[/red]"
        console.print(f"  {mark}  {escape(str(agreement))}", highlight=False)


def timing(console: Console, imperative: Sequence[Epoch], graph: Sequence[Epoch]) -> None:
    """Seconds of both, the same work measured the same way."""
    rows: list[tuple[str, Callable[[Sequence[Epoch]], float]]] = [
        ("first training step, capture included", lambda es: es[0].first_step_seconds),
        ("a later training step, mean", _later_step),
        ("an epoch of training, median", lambda es: statistics.median(e.seconds for e in es)),
        ("all test images one by one, median", lambda es: statistics.median(e.answers.seconds for e in es)),
    ]
    table = _table("milliseconds", "imperative", "graph", "graph / imperative")
    for name, seconds in rows:
        a, b = seconds(imperative), seconds(graph)
        table.add_row(name, f"{a * 1000:.2f}", f"{b * 1000:.2f}", f"{b / a:.2f}")
    console.print(table)


def report(console: Console, text: str, file: Path) -> None:
    """The report of a hybridized program without its long lists, which `file` has."""
    lines = text.splitlines()
    left_out = [line for line in lines if line.startswith("  ")]
    for line in lines:
        if line not in left_out:
            console.print(line, markup=False, highlight=False)
    console.print(f"... {len(left_out)} lines on inputs, guards and source lines in {file}", highlight=False)


def graph_text(console: Console, graph: SymbolicGraph, file: Path) -> None:
    """The text of `graph`, cut to what a terminal can hold; `file` has all of it."""
    lines = str(graph).splitlines()
    for line in lines[:MOST_LINES]:
        console.print(line, markup=False, highlight=False, no_wrap=True, overflow="ellipsis", crop=True)
    if len(lines) > MOST_LINES:
        console.print(f"... {len(lines) - MOST_LINES} more lines in {file}", highlight=False)


def source_lines(console: Console, graph: SymbolicGraph) -> None:
    """Every line of the program that became a part of `graph`, and what it became."""
    table = Table("line", "source", "became")
    for line in graph.lines():
        counted = Counter(name.removeprefix("aten.").removesuffix(".default") for name in line.operations)
        became = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counted.items())
        table.add_row(
            f"{Path(line.file).name}:{line.line}", escape(line.text.strip().partition("\n")[0]), escape(became)
        )
    console.print(table)


def files(console: Console, out: Path) -> None:
    """What the folder `out` holds."""
    console.print(f"{out} holds {', '.join(sorted(file.name for file in out.iterdir()))}", highlight=False)


def verdict(console: Console, holds: bool, graph_calls: int, imperative_calls: int) -> None:
    """The last line: whether everything agreed, and how the hybridized program ran."""
    said = "losses, answers and weights are equal" if holds else "the imperative program and the graph do NOT agree"
    ran = f"{graph_calls} calls ran as a graph and {imperative_calls} imperatively"
    console.print(f"\n[bold]{said}[/bold]; {ran}", highlight=False)


def _later_step(epochs: Sequence[Epoch]) -> float:
    total = sum(e.seconds for e in epochs) - epochs[0].first_step_seconds
    return total / max(1, sum(len(e.losses) for e in epochs) - 1)


def _table(first: str, *numbers: str) -> Table:
    table = Table(first)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _early(rounds: Sequence[int]) -> str:
    return f"{rounds.count(0)} of {len(rounds)}"


def _spread(rounds: Sequence[int]) -> str:
    needed = [r for r in rounds if r]
    return f"{min(needed)} to {max(needed)}, mean {statistics.mean(needed):.1f}" if needed else "none"
