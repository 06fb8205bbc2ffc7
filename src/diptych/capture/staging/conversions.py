"""Conversions: numbers in tensors, indices, and lengths."""

from __future__ import annotations

import builtins
from typing import Any

import torch

from diptych.capture.staging.attributes import Attributes, class_attribute
from diptych.capture.staging.mixtures import Mixtures, mixed_contents
from diptych.capture.staging.rows import rows_of
from diptych.capture.tensors import node_of
from diptych.capture.values import Scalar, Union, kind_of
from diptych.graph.spec import NumberSpec

aten = torch.ops.aten


class Conversions(Attributes, Mixtures):
    """From tensors and containers to numbers."""

    def number_of(self, value: torch.Tensor) -> Scalar:
        """`value.item()`."""
        fake = self.traced(value)
        size: Any = fake.numel()
        if isinstance(size, int) and size != 1:
            raise RuntimeError(f"a Tensor with {size} elements cannot be converted to Scalar")
        kind = "bool" if fake.dtype == torch.bool else "float" if fake.dtype.is_floating_point else "int"
        if fake.dtype.is_complex:
            kind = "complex"
        node = self.tape.emit(aten.item.default, (node_of(self.tape, fake),), None, NumberSpec(kind))
        speculation = self.tape.speculation
        if speculation is not None and (speculation.numbers or kind in ("int", "bool")):
            return speculation.assume(node)
        return self.tape.number(node, kind)

    def to_int(self, value: torch.Tensor) -> Any:
        """A tensor as an index."""
        if value.is_floating_point():
            raise TypeError("only integer tensors of a single element can be converted to an index")
        found = self.number_of(value)
        return self.tape.scalar(builtins.int, found) if kind_of(found) == "bool" else found

    def length(self, value: Any) -> Any:
        """`len(value)`."""
        value = self.resolve(value)
        if isinstance(value, Union):
            return self.distribute(self.length, value)
        if isinstance(value, torch.Tensor):
            if value.dim() == 0:
                raise TypeError("len() of a 0-d tensor")
            return self.tape.as_scalar(self.traced(value).shape[0])
        marker = rows_of(value)
        if marker is not None:
            return self.tape.as_scalar(marker.columns[0].shape[0])
        if mixed_contents(value) is not None:
            return self.through_mixed(value, lambda: self.length(value))
        method = class_attribute(type(value), "__len__")
        return self.call(method, value) if self.transforms(method) else len(value)
