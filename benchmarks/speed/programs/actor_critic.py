"""Actor-critic: an episode and one update from it."""

from __future__ import annotations

import torch

from benchmarks.janus import actor_critic
from benchmarks.speed.work import Work, from_job


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    return from_job(actor_critic.make(small), 1, draws=True)
