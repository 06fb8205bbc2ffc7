"""`torch.compile` of the whole step, as it is and with everything tuned."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch._inductor.compile_fx  # torch.compile imports it when it is first used; imports are not what is timed
from torch._dynamo.utils import counters

from benchmarks.speed.work import Work


def prepare(work: Work, mode: str | None = None) -> Callable[..., Any]:
    return torch.compile(work.step, mode=mode)


prepare_tuned = functools.partial(prepare, mode="max-autotune")


def facts(run: Any) -> dict[str, Any]:
    """How many graphs were made, and how often Dynamo went back to Python."""
    graphs = counters["stats"].get("unique_graphs", 0)
    return {"graphs": graphs, "graph_breaks": sum(counters["graph_break"].values())}
