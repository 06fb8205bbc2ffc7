"""A graph as a compiled function."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx

from diptych.backends.native import build, shim
from diptych.backends.native.binding import bind
from diptych.backends.native.entry import Entry
from diptych.backends.native.function import NOTHING, NativeFunction, write_function

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.POINTER(ctypes.c_void_p))
RUN = threading.local()
"""Of the run of this thread: `kept`, values that only Python has; `error`, what an operation of PyTorch raised."""


class NativeFailed(Exception):
    """A run could not be finished in native code; nothing outside has changed but the random stream."""


class NativeGraph:
    """A graph of core operations as a function over its flat inputs; it returns the flat outputs.

    The inputs have the sizes, strides and dtypes that the graph was written out for. `NativeFailed` where Python would
    raise, or where a number is larger than C's. `entry` is what calls the compiled function (by default, the fastest
    that there is).
    """

    def __init__(self, function: NativeFunction, entry: type[Entry] | None = None) -> None:
        self.function = function
        self.source = function.source
        self.library = build.load(function.source)
        self.callback = CALLBACK(self.call_back)
        gemm = blas()
        self.library.d_init.argtypes = [ctypes.c_void_p] * 2
        self.library.d_init(*gemm)
        shim.start(self.library)
        self.run = bind(function, address_of(self.library.d_run), address_of(self.callback), fail, entry)
        self.held = [(k, result[1]) for k, result in enumerate(function.results) if result[0] == "held"]

    @property
    def direct(self) -> Callable[..., tuple[Any, ...]]:
        """The function with as little around it as possible."""
        return self if self.function.calls else self.run

    def call_back(self, number: int, pointers: Any) -> int:
        """Called by the C function: an operation of PyTorch."""
        try:
            with torch.no_grad():
                self.function.calls[number](pointers, RUN.kept)
        except BaseException as error:
            RUN.error = error
            return 1
        return 0

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        if not self.function.calls:
            return self.run(*flat)
        before = getattr(RUN, "kept", None)
        kept = RUN.kept = {}
        try:
            made = self.run(*flat)
        finally:
            RUN.kept = before
        if not self.held:
            return made
        results = list(made)
        for k, number in self.held:
            results[k] = kept[number]
        return tuple(results)


def fail(code: int) -> None:
    """Raise what a run that ended with this code failed of."""
    error, RUN.error = getattr(RUN, "error", None), None
    if code < 0:
        raise NativeFailed("a number that is larger than C's")
    if code == shim.FAILED:
        raise NativeFailed(shim.message())
    raise NativeFailed(f"code {code}") from error


def address_of(function: Any) -> int:
    """Where a function of C is."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


@functools.cache
def blas() -> tuple[int, int]:
    """The addresses of the matrix products in PyTorch's library."""
    library = ctypes.CDLL(f"{torch.__path__[0]}/lib/libtorch_cpu.so")
    return address_of(library.sgemm_), address_of(library.dgemm_)


def compile_native(module: fx.GraphModule, name: str = "graph", written: Mapping[int, int] = NOTHING) -> NativeGraph:
    """A graph that is written out as native code; `Unsupported` says what has none.

    Result `k` is input `written[k]`, in which its value replaces what was there, unless the run fails.
    """
    return NativeGraph(write_function(module, name, written))
