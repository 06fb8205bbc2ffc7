"""The TreeLSTM on phrases of mixed shapes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from benchmarks.janus import treelstm
from benchmarks.janus.treelstm import Node
from benchmarks.speed.work import Work, from_job

BATCHES = 128


def tuples(node: Node) -> tuple[Any, ...]:
    """A phrase as (label, word) or (label, left, right)."""
    if node.word is not None:
        return node.label, node.word
    return node.label, tuples(node.left), tuples(node.right)


def plain(batch: tuple[list[Node]]) -> tuple[list[tuple[Any, ...]]]:
    """A batch without classes of ours."""
    return ([tuples(tree) for tree in batch[0]],)


def train(seed: int, small: bool = False) -> Work:
    """Cells are batched by some peers, and Adagrad divides by tiny gradients first."""
    torch.manual_seed(seed)
    return from_job(treelstm.make(small), 4 if small else BATCHES, plain=plain)


def infer(seed: int, small: bool = False) -> Work:
    """Logits of every tree of a batch."""
    torch.manual_seed(seed)
    job = treelstm.make(small)
    model = job.models[0].eval()

    def step(trees: list[Node]) -> Tensor:
        return torch.stack([model(tree) for tree in trees])

    batches = [job.arguments(number) for number in range(4 if small else BATCHES)]
    return Work(step, batches, models=(model,), plain=plain)
