"""Calling a compiled function from Python: what `binding.c` does, for where that cannot be compiled."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch

from diptych.backends.native.opaque import NUMBERS, at_address

IN = {"tensor": 0, "bool": 1, "int": 2, "float": 3, "none": 4}
"""Kinds of inputs."""
SLOT = {"tensor": 0, "number": 1, "tape": 2, "made": 3}
"""Kinds of what a function writes to."""
OUT = {"tensor": 0, "chosen": 1, "bool": 2, "int": 3, "float": 4, "input": 5, "view": 6, "again": 7, "tape": 8,
       "constant": 9}  # fmt: skip
"""Kinds of results."""
NAMES = {number: name for name, number in IN.items()}
KINDS = {number: name for name, number in OUT.items()}


class Tape(ctypes.Structure):
    """The rows that a loop kept."""

    _fields_ = (("rounds", ctypes.c_int64), ("rows", ctypes.c_void_p))


class Entry:
    """A compiled function as a function over the flat inputs of its graph.

    `inputs` are kinds; `measured` pairs of input and dimension; `constants` addresses; `slots` tuples of kind, sizes,
    strides, dtype; `results` tuples of kind, place, origin, sizes, strides, value, offset (see `binding.result_of`).
    `taken` makes a tensor of Python of one of PyTorch's C interface; then `drop`, if not 0, lets go of that one.
    """

    def __init__(
        self,
        function: int,
        python: int,
        inputs: Sequence[int],
        measured: Sequence[tuple[int, int]],
        constants: Sequence[int],
        slots: Sequence[tuple[Any, ...]],
        results: Sequence[tuple[Any, ...]],
        arena: int,
        fail: Callable[[int], None],
        empty: Callable[..., torch.Tensor],
        data_ptr: Callable[[torch.Tensor], int],
        taken: Callable[[Any], torch.Tensor],
        drop: int,
    ) -> None:
        self.function = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)(function)
        self.python = python
        self.inputs, self.measured, self.constants = inputs, measured, constants
        self.slots, self.results, self.size = slots, results, arena
        self.fail, self.empty, self.data_ptr, self.taken = fail, empty, data_ptr, taken
        self.drop = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(drop) if drop else None
        self.local = threading.local()

    def arena(self) -> int:
        """The address of this thread's working memory."""
        kept = getattr(self.local, "arena", None)
        if kept is None:
            kept = self.local.arena = torch.empty(self.size + 64, dtype=torch.uint8)
        return -(-kept.data_ptr() // 64) * 64

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        kept: list[Any] = []
        given = [self.place(kind, value, kept) for kind, value in zip(self.inputs, flat, strict=True)]
        for k, dim in self.measured:
            kept.append(ctypes.c_int64(flat[k].shape[dim]))
            given.append(ctypes.addressof(kept[-1]))
        slots = [self.made(*slot) for slot in self.slots]
        for k, result in enumerate(self.results):
            if KINDS[result[0]] in ("bool", "int", "float"):
                slots[result[1]] = NUMBERS[KINDS[self.results[k][0]]]()
        places = [self.data_ptr(v) if isinstance(v, torch.Tensor) else ctypes.addressof(v) for v in slots]
        taken = [*given, *self.constants]
        pointers = (ctypes.c_void_p * (len(taken) + 1))(*taken)
        failed = self.function(pointers, (ctypes.c_void_p * (len(places) + 1))(*places), self.arena(), self.python)
        if failed:
            self.fail(failed)
        for k, slot in enumerate(self.slots):
            if slot[0] == SLOT["made"]:
                handle = slots[k].value
                slots[k] = self.taken(capsule(handle))
                if self.drop is not None:
                    self.drop(handle)
        made: list[Any] = []
        for result in self.results:
            made.append(self.result(result, slots, flat, made))
        return tuple(made)

    def place(self, kind: int, value: Any, kept: list[Any]) -> int | None:
        """The address of an input."""
        if kind == IN["tensor"]:
            return self.data_ptr(value)
        if kind == IN["none"]:
            return None
        try:
            number = NUMBERS[NAMES[kind]](value)
        except (TypeError, OverflowError):
            return self.fail(-1)
        if kind == IN["int"] and number.value != value:
            self.fail(-1)
        kept.append(number)
        return ctypes.addressof(number)

    def made(self, kind: int, sizes: Any, strides: Any, dtype: Any) -> Any:
        """Room for what the function writes."""
        if kind == SLOT["tensor"]:
            return self.empty(sizes, strides, dtype)
        return Tape() if kind == SLOT["tape"] else ctypes.c_int64()

    def earlier(self, origin: int, slots: list[Any], before: list[Any]) -> Any:
        """The result before this one that is the same tensor of the program, or None."""
        for value, other in zip(before, self.results, strict=False):
            kind = KINDS[other[0]]
            known = other[2] if kind == "tensor" else slots[other[2]].value if kind == "chosen" else 0
            if known == origin:
                return value
        return None

    def result(self, result: tuple[Any, ...], slots: list[Any], flat: tuple[Any, ...], before: list[Any]) -> Any:
        """One result."""
        kind, place, origin, sizes, strides, value, offset = result
        match KINDS[kind]:
            case "tensor" | "chosen" as name:
                if name == "chosen":
                    origin = slots[origin].value
                    if 0 < origin <= len(flat):
                        return flat[origin - 1]
                same = self.earlier(origin, slots, before) if origin > 0 else None
                if same is not None:
                    return same
                return slots[place] if sizes is None else slots[place].as_strided(sizes, strides, offset)
            case "view":
                return flat[place].as_strided(sizes, strides, flat[place].storage_offset() + offset)
            case "tape":
                tape = slots[place]
                made = at_address(tape.rows or 0, value, (tape.rounds, *sizes)).clone()
                free()(tape.rows)
                return made
            case "input":
                return flat[place]
            case "again":
                return before[place]
            case "constant":
                return value
            case _:
                return slots[place].value


def capsule(address: int) -> Any:
    """A pointer as an object of Python."""
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p] * 3
    return new(address, None, None)


@functools.cache
def free() -> Callable[[int | None], None]:
    """C's `free`."""
    found = ctypes.CDLL(None).free
    found.argtypes = [ctypes.c_void_p]
    return found
