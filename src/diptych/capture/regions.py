"""Regions of the graph that is captured: what cannot be brought into one is refused."""

from __future__ import annotations

from diptych.capture.refusals import Refused
from diptych.graph import regions


class Leak(Refused):
    """A value of one region is used where it does not exist (in the other side of a branch)."""

    def __init__(self, text: str) -> None:
        super().__init__("leaked-value", text)


class Region(regions.Region):
    """A graph being captured."""

    def leak(self, text: str) -> Exception:
        """The refusal for a value that does not exist here."""
        return Leak(text)
