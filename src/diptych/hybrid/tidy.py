"""Giving back the memory that tracing and compiling took: graphs on fake tensors are many small objects in cycles."""

from __future__ import annotations

import ctypes
import functools
import gc
import mmap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORTH = 16 << 20
"""By how many bytes the process has to have grown; looking at all objects takes a tenth of a second."""


class Tidy:
    """Collects what is not used any more, where the process has grown much since it last did."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.size = resident()

    def __call__(self) -> bool:
        """Whether anything was done."""
        with self.lock:
            if self.size is not None and (resident() or 0) - self.size < WORTH:
                return False
            gc.collect()
            trim = trimmer()
            if trim is not None:
                trim(0)
            self.size = resident()
            return True


def resident() -> int | None:
    """The memory of the process, in bytes; None where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return None


@functools.cache
def trimmer() -> Callable[[int], Any] | None:
    """What makes the C library give free memory back to the system, if it can be asked to."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


tidy = Tidy()
