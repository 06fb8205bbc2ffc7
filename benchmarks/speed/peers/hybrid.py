"""`diptych.hybridize` with default settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import diptych
from benchmarks.speed.work import Work


def prepare(work: Work) -> Callable[..., Any]:
    return diptych.hybridize(work.step)


def facts(run: Any) -> dict[str, Any]:
    """The counters: graphs, and who served the calls."""
    return dataclasses.asdict(run.stats)
