"""`diptych.hybridize`, with default settings and with a backend by name."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable
from typing import Any

import diptych
from benchmarks.speed.work import Work


def prepare(work: Work, **options: Any) -> Callable[..., Any]:
    return diptych.hybridize(work.step, **options)


prepare_auto = functools.partial(prepare, backend="auto")
prepare_native = functools.partial(prepare, backend="native")


def busy(run: Any) -> bool:
    """Whether code is being compiled in the background."""
    return any(thread.name == "diptych-compile" for thread in threading.enumerate())


def facts(run: Any) -> dict[str, Any]:
    """The counters, and in which tier each graph runs, and why in no higher one."""
    graphs = run.report().data["graphs"]
    tiers = [{key: graph[key] for key in ("kind", "tier", "tier_reason")} for graph in graphs]
    return dataclasses.asdict(run.stats) | {"tiers": tiers}
