"""Imperative PyTorch: the step as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.speed.work import Work


def prepare(work: Work) -> Callable[..., Any]:
    return work.step


def facts(run: Any) -> dict[str, Any]:
    """What else is worth knowing after the run."""
    return {}
