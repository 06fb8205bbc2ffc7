"""`python -m diptych.demo`: train on real images, imperatively and as one symbolic graph, and compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

import diptych
from diptych.demo import data, job, show
from diptych.demo.train import Plan
from diptych.graph.program import SymbolicGraph


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if the imperative program and the graph agree in everything, else 1."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    console = Console(width=None if sys.stdout.isatty() else 120)
    plan = Plan(options.epochs, options.batch, options.seed)
    digits, test = data.load(options.images, options.seed)
    console.print(
        f"{len(digits)} MNIST images to train on, {len(test)} to test; {plan.epochs} epochs in batches of {plan.batch}"
    )

    job.warm_up(digits, plan)
    program = diptych.hybridize(job.classifier(plan.seed), speculate=False, backend="eager")
    imperative = job.run(console, "imperative", job.classifier(plan.seed), digits, test, plan)
    hybrid = job.run(console, "as a graph", program, digits, test, plan)
    found = job.agreement(imperative, hybrid)
    show.heading(console, "Both trainings")
    show.epochs(console, imperative.epochs, hybrid.epochs)
    show.agreements(console, found)
    show.heading(console, "Which way the data went")
    show.paths(console, hybrid.epochs)
    show.heading(console, "Timing")
    show.timing(console, imperative.epochs, hybrid.epochs)
    show.heading(console, "What was captured")
    show.report(console, _write(options.out / "report.txt", str(program.report())), options.out / "report.txt")
    if program.graphs:
        _show_graph(console, job.trained_graph(program.graphs, plan.batch), options.out)
        show.heading(console, "Captured for the test images, saved, and loaded again")
        again = job.reload(program, options.out / "classifier.diptych", test, hybrid.epochs[-1].answers)
        show.agreements(console, again)
        found += again
        show.files(console, options.out)
    stats = program.stats
    holds = bool(program.graphs) and stats.imperative_calls == 0 and all(agreement.holds for agreement in found)
    show.verdict(console, holds, stats.graph_calls, stats.imperative_calls)
    return 0 if holds else 1


def _show_graph(console: Console, graph: SymbolicGraph, out: Path) -> None:
    """Print the graph that was trained, and write it to `out` as text, as a program and as a drawing."""
    _write(out / "graph.txt", str(graph))
    _write(out / "graph.py", graph.to_python())
    graph.to_svg(out / "graph.svg")
    show.heading(console, "The graph that was trained")
    show.graph_text(console, graph, out / "graph.txt")
    show.heading(console, "Where the lines of the source went")
    show.source_lines(console, graph)


def _write(file: Path, text: str) -> str:
    file.write_text(text + "\n", encoding="utf-8")
    return text


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m diptych.demo", description=__doc__)
    parser.add_argument("--images", type=int, default=5000, help="how many of the 5000 images (default: all)")
    parser.add_argument("--epochs", type=int, default=5, help="passes over the training images (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=10, help="images in a training step (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="what all randomness is drawn from (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for files (default: %(default)s)")
    options = parser.parse_args(arguments)
    if not 10 <= options.images <= 5000 or options.epochs < 1 or not 1 <= options.batch <= options.images * 4 // 5:
        parser.error("--images is between 10 and 5000, --epochs at least 1, --batch at most the training images")
    return options


if __name__ == "__main__":
    sys.exit(main())
