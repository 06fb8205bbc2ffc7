"""Diptych: imperative PyTorch programs and their symbolic graphs, on one hinge."""

from diptych.analyses.verdict import Proved, Refuted, Unknown
from diptych.analyses.verify import verify
from diptych.capture.api import capture
from diptych.errors import CaptureRefused, DiptychError
from diptych.graph.program import SymbolicGraph
from diptych.hybrid.hybridize import hybridize
from diptych.interop.onnx_reader import load_onnx
from diptych.interop.vnnlib import load_vnnlib

load = SymbolicGraph.load

__version__ = "0.1.0"
__all__ = [
    "CaptureRefused",
    "DiptychError",
    "Proved",
    "Refuted",
    "SymbolicGraph",
    "Unknown",
    "capture",
    "hybridize",
    "load",
    "load_onnx",
    "load_vnnlib",
    "verify",
]
