"""One training of the classifier, the same for the imperative program and for its symbolic graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diptych.demo.data import Digits

Program = Callable[[Tensor], tuple[Tensor, Tensor, int]]
"""Images in; the first guess, the answer (both logits) and the number of refinement rounds out."""

Advance = Callable[[int], None]
"""Told of every `n` images that were seen, to move a progress bar."""


@dataclass(frozen=True)
class Plan:
    """How to train: `epochs` passes over the images in batches of `batch`, everything random drawn from `seed`."""

    epochs: int
    batch: int
    seed: int
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Answers:
    """What a program said to each test image alone: logits [count, 10], rounds per image, and the seconds it took."""

    logits: Tensor
    rounds: list[int]
    accuracy: float
    seconds: float


@dataclass(frozen=True)
class Epoch:
    """One epoch: loss and rounds of every step, the seconds of the first step and of all, the test answers after."""

    losses: list[float]
    rounds: list[int]
    first_step_seconds: float
    seconds: float
    answers: Answers

    @property
    def loss(self) -> float:
        """The mean loss of the steps."""
        return sum(self.losses) / len(self.losses)


def train(program: nn.Module, digits: Digits, test: Digits, plan: Plan, advance: Advance) -> list[Epoch]:
    """Train `program` by `plan`, and let it answer the test images after every epoch."""
    torch.manual_seed(plan.seed)
    optimizer = torch.optim.Adam(program.parameters(), lr=plan.learning_rate)
    epochs: list[Epoch] = []
    for number in range(plan.epochs):
        losses: list[float] = []
        rounds: list[int] = []
        seconds: list[float] = []
        program.train()
        start = time.perf_counter()
        for images, labels in digits.batches(plan.batch, seed=plan.seed + number):
            guess, logits, needed = program(images)
            loss = F.cross_entropy(logits, labels) + F.cross_entropy(guess, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            rounds.append(needed)
            seconds.append(time.perf_counter() - start)
            advance(len(labels))
        program.eval()
        answers = answer(program, test, advance)
        epochs.append(Epoch(losses, rounds, seconds[0], seconds[-1], answers))
    return epochs


def answer(program: Program, test: Digits, advance: Advance) -> Answers:
    """Let `program` answer every test image alone."""
    logits: list[Tensor] = []
    rounds: list[int] = []
    start = time.perf_counter()
    with torch.no_grad():
        for image in test.images.split(1):
            _, answered, needed = program(image)
            logits.append(answered)
            rounds.append(needed)
            advance(1)
    seconds = time.perf_counter() - start
    said = torch.cat(logits)
    right = (said.argmax(dim=1) == test.labels).float().mean().item()
    return Answers(said, rounds, right, seconds)
