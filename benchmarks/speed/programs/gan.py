"""The GAN on digits, and its generator alone."""

from __future__ import annotations

import torch

from benchmarks.janus import gan
from benchmarks.speed.work import Work, from_job


def train(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    return from_job(gan.make(small), 16, draws=True)


def infer(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    generator = gan.make(small).models[0].eval()
    rows = 2 if small else 16
    return Work(generator, [(torch.randn(rows, generator.noise),) for _ in range(16)], models=(generator,))
