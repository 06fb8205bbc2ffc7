"""The steps of own operations, in operations of ATen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from diptych.graph.own import OWN

if TYPE_CHECKING:
    from diptych.autodiff.recorder import Recorder

RULES: dict[Any, Callable[..., Any]] = {}
"""How an own operation is written out: a function of the recorder and the operands."""
aten = torch.ops.aten


def rule(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the rule of an own operation."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        RULES[OWN[name]] = function
        return function

    return enter


class Rebind(torch.autograd.Function):
    """The data of one tensor with the history of another."""

    @staticmethod
    def forward(ctx: Any, old: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *seeds: torch.Tensor) -> Any:
        return seeds[0], None


@rule("rebind")
def rebind(recorder: Recorder, old: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A write that autograd does not see."""
    with recorder:
        made = aten.clone.default(value.detach())
        return Rebind.apply(old, made) if old.requires_grad else made  # type: ignore[return-value]


@rule("overwrite")
def overwrite(recorder: Recorder, old: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A write into a tensor with a history, which gets a gradient of zero."""
    with recorder:
        made = aten.clone.default(value.expand(old.shape).to(old.dtype))
        return made + 0 * old if old.requires_grad and not value.requires_grad else made


@rule("leaf")
def leaf(recorder: Recorder, x: torch.Tensor, requires_grad: bool) -> torch.Tensor:
    """A value cut off from its history."""
    return recorder.leaf(x, requires_grad)


@rule("gradient")
def gradient(recorder: Recorder, outputs: Any, inputs: Any, seeds: Any, create_graph: bool) -> Any:
    """Gradients, written out."""
    if create_graph:
        raise recorder.refuse("a gradient of second order")
    with recorder:
        found = recorder.cuts.gradients(recorder, outputs, inputs, seeds)
        if any(grad is None for grad in found):
            raise recorder.refuse("a gradient of something that this path does not reach")
        return tuple(reached(recorder, grad) for grad in found if grad is not None)


@rule("backward")
def backward(recorder: Recorder, outputs: Any, leaves: Any, seeds: Any, retain_graph: bool, create_graph: bool) -> Any:
    """What `backward` gives each of the leaves, written out."""
    if create_graph:
        raise recorder.refuse("a gradient of second order")
    with recorder:
        found = recorder.cuts.gradients(recorder, outputs, leaves, seeds)
        if any(grad is None for grad in found):
            raise recorder.refuse("backward() does not reach a tensor that it reaches on other paths")
        return tuple(reached(recorder, grad).contiguous() for grad in found if grad is not None)


def reached(recorder: Recorder, grad: torch.Tensor) -> torch.Tensor:
    """A gradient that has to be there."""
    recorder.require(recorder.reach.of(grad), True, "a gradient that this path does not reach")
    return grad


@rule("batch_norm_training")
def batch_norm_training(
    recorder: Recorder, x: Any, weight: Any, bias: Any, mean: Any, var: Any, momentum: float, eps: float
) -> Any:
    """Batch normalization and its new running statistics."""
    with recorder:
        y = torch.nn.functional.batch_norm(x, None, None, weight, bias, True, momentum, eps)
        dims = [d for d in range(x.dim()) if d != 1]
        with torch.no_grad():
            new_var, new_mean = torch.var_mean(x.detach(), dims)
            return y, mean * (1 - momentum) + new_mean * momentum, var * (1 - momentum) + new_var * momentum


@rule("from_numbers")
def from_numbers(recorder: Recorder, values: Any, dtype: torch.dtype | None, device: str) -> torch.Tensor:
    """A tensor of numbers, of which the graph knows some."""
    flat, sizes = flattened(recorder, values)
    if dtype is None:
        kinds = {torch.SymInt: int, torch.SymFloat: float, torch.SymBool: bool}
        found = {kinds.get(type(v), type(v)) for v in flat}
        dtype = torch.get_default_dtype() if float in found or not flat else torch.int64 if int in found else torch.bool
    with recorder:
        parts = [torch.scalar_tensor(v, dtype=dtype, device=device) for v in flat]
        if not parts:
            return torch.empty(sizes, dtype=dtype, device=device)
        return torch.stack(parts).reshape(sizes) if sizes else parts[0]


def flattened(recorder: Recorder, values: Any) -> tuple[list[Any], list[int]]:
    """The numbers of nested tuples, and the sizes."""
    if not isinstance(values, tuple | list):
        return [values], []
    parts = [flattened(recorder, value) for value in values]
    if any(sizes != parts[0][1] for _, sizes in parts):
        raise recorder.refuse("numbers that do not make a tensor")
    return [v for flat, _ in parts for v in flat], [len(values), *(parts[0][1] if parts else [])]


@rule("stacked")
def stacked(recorder: Recorder, column: torch.Tensor) -> torch.Tensor:
    """The rows of a column, stacked."""
    if isinstance(column.shape[0], torch.SymInt):
        recorder.require(column.shape[0] > 0, True, "a stack of no rows")
    elif not column.shape[0]:
        raise recorder.refuse("a stack of no rows")
    with recorder:
        return column.clone()


@rule("write_slice")
def write_slice(
    recorder: Recorder, x: Any, value: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    """Rows replaced."""
    with recorder:
        return aten.slice_scatter.default(x, value.to(x.dtype), dim, start, end, step)


@rule("write_select")
def write_select(recorder: Recorder, x: Any, value: Any, dim: int, index: Any) -> Any:
    """A row replaced."""
    with recorder:
        return aten.select_scatter.default(x, value.to(x.dtype), dim, index)
