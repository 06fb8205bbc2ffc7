"""What has no native code."""

from __future__ import annotations

from diptych.errors import DiptychError
from diptych.graph.spec import Where


class Unsupported(DiptychError):
    """A step of a graph that the native backend has no code for."""

    def __init__(self, what: str, where: Where | None = None, why: str = "") -> None:
        super().__init__(f"no native code for {what}", where, why, "the graph runs operation by operation instead")
