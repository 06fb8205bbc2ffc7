"""What cannot be written out."""

from __future__ import annotations

from diptych.errors import DiptychError
from diptych.graph.spec import Where


class NotWrittenOut(DiptychError):
    """A graph has a step that this library cannot write out in core operations, or whose gradient it cannot."""

    def __init__(self, what: str, where: Where | None = None, why: str = "") -> None:
        super().__init__(what, where=where, why=why, remedy="the graph runs operation by operation instead")
