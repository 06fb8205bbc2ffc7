"""Proximal policy optimization: a rollout and some epochs of updates."""

from __future__ import annotations

import torch

from benchmarks.janus import ppo
from benchmarks.speed.work import Work, from_job


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    job = ppo.make(small)
    environment = job.step.__self__.environment
    state = environment.state.clone()

    def begin_anew() -> None:
        environment.state = state.clone()

    return from_job(job, 1, draws=True, begin_anew=begin_anew)
