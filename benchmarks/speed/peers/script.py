"""`torch.jit.script`: of the step itself if it is a module or a function, else of the models that it trains."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.speed.work import Work


def prepare(work: Work) -> Callable[..., Any]:
    warnings.simplefilter("ignore", DeprecationWarning)
    owner = getattr(work.step, "__self__", None)
    if owner is None:
        return torch.jit.script(work.step)
    models = {name: value for name, value in vars(owner).items() if isinstance(value, nn.Module)}
    for name, model in models.items():
        setattr(owner, name, torch.jit.script(model))
    return work.step


def facts(run: Any) -> dict[str, Any]:
    return {}
