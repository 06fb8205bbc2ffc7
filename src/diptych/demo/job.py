"""The main job: train the classifier imperatively, train it as a graph, and look at what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

import diptych
from diptych.demo import compare
from diptych.demo.data import Digits
from diptych.demo.model import EarlyExit
from diptych.demo.train import Answers, Epoch, Plan, answer, train
from diptych.graph.program import SymbolicGraph
from diptych.graph.spec import TensorSpec


@dataclass(frozen=True)
class Training:
    """One training: the program after it, and its epochs."""

    program: nn.Module
    epochs: Sequence[Epoch]


def run(console: Console, name: str, program: nn.Module, digits: Digits, test: Digits, plan: Plan) -> Training:
    """Train `program` with a progress bar called `name`."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("images")
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(name, total=plan.epochs * (len(digits) // plan.batch * plan.batch + len(test)))
        return Training(program, train(program, digits, test, plan, lambda images: progress.advance(task, images)))


def warm_up(digits: Digits, plan: Plan) -> None:
    """Train a classifier for two steps that nobody looks at: what torch loads at first use is not to be measured."""
    few = digits.choose(torch.arange(2 * plan.batch) % len(digits))
    train(classifier(plan.seed), few, few, Plan(1, plan.batch, plan.seed), lambda images: None)


def classifier(seed: int) -> EarlyExit:
    """The classifier with the initial weights that `seed` gives."""
    torch.manual_seed(seed)
    return EarlyExit()


def agreement(imperative: Training, hybrid: Training) -> list[compare.Agreement]:
    """How far two trainings agree: every step, every answer, and the weights at the end."""
    weights = compare.tensors(
        "weights at the end", imperative.program.state_dict().values(), hybrid.program.state_dict().values()
    )
    return [*compare.trainings(imperative.epochs, hybrid.epochs), weights]


def trained_graph(graphs: Sequence[SymbolicGraph], batch: int) -> SymbolicGraph:
    """The graph that took batches of `batch` images; a symbolic size takes any."""

    def fits(graph: SymbolicGraph) -> bool:
        sizes = [i.spec.shape[0] for i in graph.inputs if i.role == "argument" and isinstance(i.spec, TensorSpec)]
        return all(isinstance(size, str) or size == batch for size in sizes)

    return next(filter(fits, graphs))


def reload(program: nn.Module, path: Path, test: Digits, expected: Answers) -> list[compare.Agreement]:
    """Capture the trained `program`, save the graph, load it, and compare its answers to those of the program."""
    with torch.no_grad():
        diptych.capture(program.eval(), test.images[:1]).save(path)
    return compare.answers([expected], [answer(diptych.load(path), test, lambda images: None)])
