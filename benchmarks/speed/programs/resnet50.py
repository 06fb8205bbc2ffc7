"""ResNet-50 on random images."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.guards.programs import ResNet50
from benchmarks.speed.programs.classifying import asked, random_images, trained
from benchmarks.speed.work import Work

CLASSES = 1000


def train(seed: int, small: bool = False) -> Work:
    """Blocks begin as the identity (Goyal et al., 2017): else the first losses are a matter of the last bits."""
    torch.manual_seed(seed)
    width, batch, size = (4, 4, 64) if small else (64, 2, 64)
    model = ResNet50(width)
    for block in model.blocks:
        nn.init.zeros_(block.expand_norm.weight)
    return trained(model, random_images(batch, size, CLASSES))


def infer(seed: int, small: bool = False) -> Work:
    torch.manual_seed(seed)
    width, batch, size = (4, 1, 32) if small else (64, 1, 128)
    return asked(ResNet50(width), random_images(batch, size, CLASSES))
