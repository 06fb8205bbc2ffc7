"""The LSTM on characters, unrolled in Python; asked, it goes on reading."""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.janus import lstm
from benchmarks.janus.lstm import LanguageModel
from benchmarks.speed.work import Work, from_job

BATCHES = 16


def begins_anew(model: LanguageModel) -> Callable[[], None]:
    """Puts the first state back."""
    hidden, cell = model.state

    def begin_anew() -> None:
        model.state = (hidden.clone(), cell.clone())

    return begin_anew


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    job = lstm.make(small)
    return from_job(job, BATCHES, draws=True, begin_anew=begins_anew(job.models[0]))


def infer(seed: int, small: bool = False) -> Work:
    """Logits after each character."""
    torch.manual_seed(seed)
    job = lstm.make(small)
    model = job.models[0].eval()
    batches = [job.arguments(number)[:1] for number in range(BATCHES)]
    return Work(model, batches, models=(model,), begin_anew=begins_anew(model))
