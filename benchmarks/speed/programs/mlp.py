"""A small network of three layers, asked for one row and for eight: almost nothing to compute."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.speed.work import Work


def model(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)
    )


def asked(seed: int, rows: int, width: int) -> Work:
    """For so many rows at a time."""
    torch.manual_seed(seed)
    net = model(width).eval()
    return Work(net, [(torch.randn(rows, width),) for _ in range(16)], models=(net,))


def infer_1(seed: int, small: bool = False) -> Work:
    return asked(seed, 1, 8 if small else 64)


def infer_8(seed: int, small: bool = False) -> Work:
    return asked(seed, 8, 8 if small else 64)
