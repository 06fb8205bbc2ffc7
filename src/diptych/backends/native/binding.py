"""What calls a compiled function: an extension of Python in C, compiled as graphs are, or Python itself without it."""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import sysconfig
from collections.abc import Callable
from importlib import resources
from typing import Any

import torch

from diptych.backends.native import build, shim
from diptych.backends.native.entry import IN, OUT, SLOT, Entry
from diptych.backends.native.function import NativeFunction
from diptych.backends.native.unsupported import Unsupported
from diptych.backends.native.values import WIDTHS

Call = Callable[..., tuple[Any, ...]]


def extension(name: str, file: str) -> Any:
    """The extension of Python in that file of C; None if it cannot be compiled (Python's headers are missing)."""
    text = resources.files("diptych.backends.native").joinpath(file).read_text("utf-8")
    try:
        library = build.library(text, (f"-I{sysconfig.get_paths()['include']}",))
    except Unsupported:
        return None
    loader = importlib.machinery.ExtensionFileLoader(name, str(library))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@functools.cache
def compiled_entry() -> type[Entry] | None:
    """The extension's type of the same use as `Entry`; None if it cannot be compiled."""
    module = extension("diptych_binding", "binding.c")
    return None if module is None else module.Entry


@functools.cache
def maker() -> Callable[..., torch.Tensor]:
    """What makes a tensor of sizes, strides and dtype: the short way of PyTorch's own compiler, if there is one."""
    try:
        make = importlib.import_module("torch._C._dynamo.guards")._empty_strided_cpu

        made = make((2, 3), (1, 2), torch.float64)
        if made.shape == (2, 3) and made.stride() == (1, 2) and made.dtype is torch.float64:
            return make
    except (ImportError, AttributeError, TypeError):
        pass
    return lambda sizes, strides, dtype: torch.empty_strided(sizes, strides, dtype=dtype)


def bind(
    function: NativeFunction,
    address: int,
    python: int,
    fail: Callable[[int], None],
    kind: type[Entry] | None = None,
) -> Call:
    """The compiled function at `address` as a function over the flat inputs; `fail(code)` raises where it fails.

    At `python` is what it calls for operations of PyTorch. A result that only Python has is None.
    """
    kind = kind or compiled_entry() or Entry
    take, drop = shim.taker() or (lambda capsule: capsule, 0)
    return kind(
        address,
        python,
        tuple(IN[declared[1] if declared[0] == "number" else declared[0]] for declared in function.inputs),
        tuple(function.measured),
        tuple(tensor.data_ptr() for tensor in function.constants),
        tuple(slot_of(slot) for slot in function.slots),
        tuple(result_of(function, k) for k in range(len(function.results))),
        function.arena,
        fail,
        maker(),
        torch.Tensor.data_ptr,
        take,
        drop,
    )


def slot_of(slot: tuple[Any, ...]) -> tuple[Any, ...]:
    """Kind, sizes, strides, dtype."""
    if slot[0] == "tensor":
        return SLOT["tensor"], known(slot[2]), known(slot[3]), slot[1]
    return SLOT["made" if slot[0] == "owned" else slot[0]], None, None, None


def result_of(function: NativeFunction, number: int) -> tuple[Any, ...]:
    """Kind, place, origin, sizes and strides of a view, constant or dtype, offset of a view or bytes of a row."""
    result = function.results[number]
    match result:
        case ("tensor" | "chosen", slot, sizes, strides, offset, origin):
            _, _, made, steps, *_ = function.slots[slot]
            same = tuple(sizes) == tuple(made) and tuple(strides) == tuple(steps) and offset == 0
            view = (None, None) if same else (known(sizes), known(strides))
            return OUT[result[0]], slot, origin, *view, None, offset
        case ("view", k, sizes, strides, offset):
            return OUT["view"], k, 0, known(sizes), known(strides), None, offset
        case ("tape", slot, sizes):
            dtype = function.slots[slot][1]
            width = WIDTHS[dtype]
            for size in known(sizes):
                width *= size
            return OUT["tape"], slot, 0, known(sizes), None, dtype, width
        case ("number", slot):
            return OUT[function.slots[slot][1]], slot, 0, None, None, None, 0
        case ("input" | "again", k):
            return OUT[result[0]], k, 0, None, None, None, 0
        case _:
            return OUT["constant"], 0, 0, None, None, None if result[0] == "held" else result[1], 0


def known(sizes: Any) -> tuple[int, ...]:
    """Sizes or strides that do not vary."""
    if not all(isinstance(size, int) for size in sizes):
        raise Unsupported("results of a size that only the graph knows")
    return tuple(sizes)
