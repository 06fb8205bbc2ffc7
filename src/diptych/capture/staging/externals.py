"""Tensors and numbers from outside as inputs of the graph, and the memory that they share."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import fx
from torch.utils._python_dispatch import _disable_current_modes

from diptych.capture.guards import Guard, Leaf
from diptych.capture.sources import Source


class External:
    """A tensor or number from outside, as an input of the graph."""

    def __init__(self, world: Any, value: Any, source: Source, node: fx.Node, role: str) -> None:
        self.world = world
        self.value = value
        self.source = source
        self.node = node
        self.role = role
        self.leaf = isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf

    @cached_property
    def memory(self) -> tuple[int, int]:
        """The memory behind the tensor; the same as long as the program is traced."""
        return extent(self.value)

    def check_read(self, tape: Any) -> None:
        """A tensor first read after a write to an input that shares its memory was changed by that write."""
        for other in [e for e in self.world.externals if e.source.path in self.world.written]:
            if isinstance(other.value, torch.Tensor) and overlap(self.memory, other.memory):
                raise tape.refuse("shared-inputs", f"{other.source.path} and {self.source.path}")

    def check_written(self, tape: Any) -> None:
        """A write to memory that another input shares would have to change both."""
        if self.value.requires_grad:
            text = f"{self.source.path}.is_leaf == {self.leaf}"
            self.world.guards.append(Guard(self.source, text, Leaf(self.leaf)))
        for other in self.world.externals:
            if other is self or not isinstance(other.value, torch.Tensor) or other.value is self.value:
                continue
            if overlap(self.memory, other.memory):
                raise tape.refuse("shared-inputs", f"{self.source.path} and {other.source.path}")
        self.world.written.add(self.source.path)


def extent(value: torch.Tensor) -> tuple[int, int]:
    """The memory behind a tensor: first byte, and the byte after the last."""
    with torch._C.DisableTorchFunction(), _disable_current_modes():
        storage = value.untyped_storage()
        return storage.data_ptr(), storage.data_ptr() + storage.nbytes()


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two pieces of memory share a byte."""
    return a[0] < b[1] and b[0] < a[1]
