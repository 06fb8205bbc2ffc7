"""Truth: what `if`, `while` and `bool` ask of a value; known now, or a number of the graph."""

from __future__ import annotations

import builtins
import operator
from typing import Any

import torch

from diptych.capture.staging.attributes import class_attribute
from diptych.capture.staging.conversions import Conversions
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.rows import rows_of
from diptych.capture.tensors import node_of
from diptych.capture.values import Scalar, Union
from diptych.graph.spec import NumberSpec


class Truth(Conversions):
    """The truth of values."""

    def truth(self, value: Any) -> bool | Scalar:
        """The truth of a value."""
        value = self.resolve(value)
        if isinstance(value, Union):
            return self.truth(self.distribute(lambda v: self.truth(v), value))
        if isinstance(value, torch.SymBool):
            known = self.tape.known(value)
            if known is not None:
                return known
            if not self.tape.unbacked(value):
                return bool(value)
        value = self.tape.as_scalar(value)
        if isinstance(value, torch.Tensor):
            return self.tensor_truth(value)
        if isinstance(value, Scalar):
            return self.scalar_truth(value)
        if mixed_contents(value) is not None:
            return self.truth(self.through_mixed(value, lambda: self.truth(value)))
        marker = rows_of(value)
        if marker is not None:
            return self.truth(self.tape.scalar_operator(operator.gt, self.length(value), 0))
        method = class_attribute(type(value), "__bool__")
        if self.transforms(method):
            return self.truth(self.call(method, value))
        method = class_attribute(type(value), "__len__")
        if self.transforms(method):
            return self.truth(self.call(method, value))
        return bool(value)

    def tensor_truth(self, value: torch.Tensor) -> bool | Scalar:
        tape = self.tape
        fake = self.traced(value)
        count: Any = 1
        for size in fake.shape:
            count = count * size
        if isinstance(count, int):
            if count > 1:
                raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
            if count == 0:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        node = node_of(tape, fake)
        known = tape.truths.get(node)
        if known is None or not tape.region.sees(known.node):
            made = tape.emit(builtins.bool, (node,), None, NumberSpec("bool"))
            known = tape.truths[node] = tape.number(made, "bool")
        return self.scalar_truth(known)

    def scalar_truth(self, value: Scalar) -> bool | Scalar:
        tape = self.tape
        if value.kind != "bool":
            known = tape.truths.get(value.node)
            if known is None or not tape.region.sees(known.node):
                known = tape.truths[value.node] = tape.scalar(builtins.bool, value)
            value = known
        if value.node in tape.assumed:
            return tape.assumed[value.node]
        if value.negated is not None and value.negated.node in tape.assumed:
            return not tape.assumed[value.negated.node]
        if tape.speculation is not None:
            tape.assumed[value.node] = found = tape.speculation.assume(value.node)
            return found
        return value

    def negation(self, value: Scalar) -> Scalar:
        """`not value`, remembered as such."""
        if value.negated is not None and self.tape.region.sees(value.negated.node):
            return value.negated
        made = self.tape.scalar(operator.not_, value)
        made.negated = value
        return made

    def plain_truth(self, value: Any) -> bool:
        """A test in a generator."""
        truth = self.truth(value)
        if isinstance(truth, bool):
            return truth
        raise self.tape.refuse("generator-decision")
