"""The types of what a recursive function takes and gives: tensors of known sizes, numbers, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.autodiff.values import named
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.recorder import Recorder

KINDS: dict[type, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    torch.SymBool: "bool",
    torch.SymInt: "int",
    torch.SymFloat: "float",
}


def spec_of(recorder: Recorder, value: Any) -> Spec:
    """The type of an operand."""
    if value is None:
        return AbsentSpec()
    if isinstance(value, torch.Tensor):
        sizes = tuple(value.shape)
        if all(type(size) is int for size in sizes):
            return TensorSpec(value.dtype, sizes, str(value.device))
        raise recorder.refuse("a recursive function of tensors whose sizes only the graph knows")
    kind = KINDS.get(type(value))
    if kind is None:
        raise recorder.refuse("a recursive function of something other than tensors and numbers")
    return NumberSpec(kind)


def check_specs(recorder: Recorder, specs: Sequence[Spec]) -> None:
    """Refuse results whose sizes only the graph knows."""
    for spec in specs:
        fixed = isinstance(spec, TensorSpec) and all(type(size) is int for size in spec.shape)
        if not fixed and not isinstance(spec, NumberSpec | AbsentSpec):
            raise recorder.refuse(f"a recursive function that gives a {spec}")


def check_results(recorder: Recorder, name: str, values: Sequence[Any], specs: Sequence[Spec]) -> None:
    """Refuse a function that gives something else than it was taken to give."""
    for value, spec in zip(values, specs, strict=True):
        if spec_of(recorder, value) != spec:
            raise recorder.refuse(f"the function {name}, which gives values of several types")


def value_of(recorder: Recorder, spec: Spec, node: fx.Node) -> Any:
    """The value of a new node of that type."""
    return named(recorder, spec, node, spec.shape if isinstance(spec, TensorSpec) else None)


def results_of(recorder: Recorder, node: fx.Node, specs: Sequence[Spec]) -> list[Any]:
    """The results of a new node of a call."""
    items = [recorder.item(node, k) for k in range(len(specs))]
    made = [value_of(recorder, spec, item) for spec, item in zip(specs, items, strict=True)]
    node.meta |= {
        "val": tuple(item.meta["val"] for item in items),
        "spec": tuple(item.meta["spec"] for item in items),
    }
    return made
