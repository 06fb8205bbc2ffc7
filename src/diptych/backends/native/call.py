"""Calling a compiled function with tensors."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from diptych.backends.native import build
from diptych.backends.native.function import NativeFunction, write_function
from diptych.backends.native.opaque import NUMBERS, at_address

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.POINTER(ctypes.c_void_p))


class NativeFailed(Exception):
    """A run could not be finished in native code; nothing outside has changed but the random stream."""


class NativeGraph:
    """A graph of core operations as a function over its flat inputs; it returns the flat outputs.

    The inputs have the sizes, strides and dtypes that the graph was written out for. `NativeFailed` where Python would
    raise, or where a number is larger than C's.
    """

    def __init__(self, function: NativeFunction) -> None:
        self.function = function
        self.source = function.source
        self.library = build.load(function.source)
        self.entry = self.library.d_run
        self.entry.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        self.entry.restype = ctypes.c_int
        self.error: BaseException | None = None
        self.callback = CALLBACK(self.call_back)
        gemm = blas()
        self.library.d_init.argtypes = [ctypes.c_void_p] * 3
        self.library.d_init(gemm[0], gemm[1], ctypes.cast(self.callback, ctypes.c_void_p))
        self.constants = [tensor.data_ptr() for tensor in function.constants]
        passed = len(function.inputs) + len(function.measured) + len(self.constants)
        self.pointers = ctypes.c_void_p * (passed + 1)
        self.out_pointers = ctypes.c_void_p * (len(function.slots) + 1)
        self.local = threading.local()

    def call_back(self, number: int, pointers: Any) -> int:
        """Called by the C function: an operation of PyTorch."""
        try:
            with torch.no_grad():
                self.function.calls[number](pointers, self.local.kept)
        except BaseException as error:
            self.error = error
            return 1
        return 0

    def arena(self) -> int:
        """The address of this thread's working memory."""
        kept = getattr(self.local, "arena", None)
        if kept is None:
            kept = self.local.arena = torch.empty(self.function.arena + 64, dtype=torch.uint8)
            self.local.address = -(-kept.data_ptr() // 64) * 64
        return self.local.address

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        function = self.function
        given: list[int | None] = []
        kept: list[Any] = []
        for declared, value in zip(function.inputs, flat, strict=True):
            if declared[0] == "tensor":
                given.append(value.data_ptr())
            elif declared[0] == "number":
                try:
                    number = NUMBERS[declared[1]](value)
                except (TypeError, OverflowError):
                    raise NativeFailed("a number that is larger than C's") from None
                if declared[1] == "int" and number.value != value:
                    raise NativeFailed("a number that is larger than C's")
                kept.append(number)
                given.append(ctypes.addressof(number))
            else:
                given.append(None)
        for k, dim in function.measured:
            kept.append(ctypes.c_int64(flat[k].shape[dim]))
            given.append(ctypes.addressof(kept[-1]))
        slots: list[Any] = []
        places: list[int] = []
        for slot in function.slots:
            if slot[0] == "tensor":
                made: Any = torch.empty_strided(slot[2], slot[3], dtype=slot[1])
                places.append(made.data_ptr())
            elif slot[0] == "tape":
                made = (ctypes.c_int64 * 2)()
                places.append(ctypes.addressof(made))
            else:
                made = NUMBERS[slot[1]]()
                places.append(ctypes.addressof(made))
            slots.append(made)
        if function.calls:
            self.local.kept = {}
        failed = self.entry(self.pointers(*given, *self.constants), self.out_pointers(*places), self.arena())
        if failed:
            error, self.error = self.error, None
            raise NativeFailed(f"code {failed}") from error
        results: list[Any] = []
        for result in function.results:
            results.append(self.result(result, slots, flat, results))
        return tuple(results)

    def earlier(self, origin: int, slots: list[Any], before: list[Any]) -> Any:
        """The output before this one that is the same tensor of the program, or None."""
        for k, other in enumerate(self.function.results[: len(before)]):
            known = other[5] if other[0] == "tensor" else slots[other[5]].value if other[0] == "chosen" else 0
            if known == origin:
                return before[k]
        return None

    def result(self, result: tuple[Any, ...], slots: list[Any], flat: tuple[Any, ...], before: list[Any]) -> Any:
        """One output."""
        match result:
            case ("tensor", slot, sizes, strides, offset, origin):
                same = self.earlier(origin, slots, before) if origin > 0 else None
                return same if same is not None else seen(slots[slot], sizes, strides, offset)
            case ("chosen", slot, sizes, strides, offset, number):
                origin = slots[number].value
                if 0 < origin <= len(flat):
                    return flat[origin - 1]
                same = self.earlier(origin, slots, before) if origin > 0 else None
                return same if same is not None else seen(slots[slot], sizes, strides, offset)
            case ("number", slot):
                return slots[slot].value
            case ("input", k):
                return flat[k]
            case ("view", k, sizes, strides, offset):
                return flat[k].as_strided(sizes, strides, flat[k].storage_offset() + offset)
            case ("held", k):
                return self.local.kept[k]
            case ("again", k):
                return before[k]
            case ("tape", slot, sizes):
                rounds, address = slots[slot]
                dtype = self.function.slots[slot][1]
                made = at_address(address, dtype, (rounds, *sizes)).clone()
                if address:
                    free()(address)
                return made
            case _:
                return result[1]


def seen(made: torch.Tensor, sizes: Any, strides: Any, offset: int) -> torch.Tensor:
    """A tensor over the memory of `made`: itself, if that is what it is."""
    if made.shape == sizes and made.stride() == strides and offset == 0:
        return made
    return made.as_strided(sizes, strides, offset)


@functools.cache
def free() -> Callable[[int], None]:
    """C's `free`."""
    found = ctypes.CDLL(None).free
    found.argtypes = [ctypes.c_void_p]
    return found


@functools.cache
def blas() -> tuple[int, int]:
    """The addresses of the matrix products in PyTorch's library."""
    library = ctypes.CDLL(f"{torch.__path__[0]}/lib/libtorch_cpu.so")
    return tuple(ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in ("sgemm_", "dgemm_"))  # type: ignore[return-value]


def compile_native(module: fx.GraphModule, name: str = "graph") -> NativeGraph:
    """A graph that is written out as native code; `Unsupported` says what has none."""
    return NativeGraph(write_function(module, name))
