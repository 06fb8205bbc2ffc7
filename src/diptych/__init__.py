"""Diptych: imperative PyTorch programs and their symbolic graphs, on one hinge."""

from diptych.capture.api import capture
from diptych.errors import CaptureRefused, DiptychError
from diptych.graph.program import SymbolicGraph
from diptych.hybrid.hybridize import hybridize

load = SymbolicGraph.load

__version__ = "0.1.0"
__all__ = ["CaptureRefused", "DiptychError", "SymbolicGraph", "capture", "hybridize", "load"]
