"""The own operations: functional forms of what PyTorch only does in place, and Python-side formatting."""

from __future__ import annotations

import random
import time
from typing import Any

import torch

from diptych.graph import telling as telling  # fills the registry too
from diptych.graph.own import register


@register("rebind")
def rebind(old: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A tensor with the data of `value` and the gradient history of `old`: a write that autograd does not see."""
    if not old.requires_grad:
        return value.detach().clone()
    result = old.clone()
    with torch.no_grad():
        result.copy_(value)
    return result


@register("overwrite")
def overwrite(old: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A tensor with the data of `value` that still has a history: that of `old`, whose gradient is zero."""
    return old.clone().copy_(value)


@register("batch_norm_training")
def batch_norm_training(
    x: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    momentum: float,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Batch normalization in training mode (Ioffe and Szegedy, 2015): the result and the new running statistics.

    `x` is `[N, C, ...]` of a floating dtype, the others `[C]`.
    """
    mean, var = running_mean.clone(), running_var.clone()
    y = torch.nn.functional.batch_norm(x, mean, var, weight, bias, True, momentum, eps)
    return y, mean, var


@register("instance_norm_training")
def instance_norm_training(
    x: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    momentum: float,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Instance normalization that keeps running statistics: the result and the new statistics."""
    mean, var = running_mean.clone(), running_var.clone()
    y = torch.nn.functional.instance_norm(x, mean, var, weight, bias, True, momentum, eps)
    return y, mean, var


@register("text")
def text(template: tuple[Any, ...], *operands: Any) -> str:
    """Formatted text: `template` holds strings, and triples (operand index, conversion, format) in between."""
    made: list[str] = []
    for part in template:
        if isinstance(part, str):
            made.append(part)
            continue
        index, conversion, spec = part
        value = operands[index]
        if conversion == "r":
            value = repr(value)
        elif conversion == "s":
            value = str(value)
        elif conversion == "a":
            value = ascii(value)
        made.append(format(value, spec))
    return "".join(made)


@register("leaf")
def leaf(x: torch.Tensor, requires_grad: bool) -> torch.Tensor:
    """`x` cut off from its history; a new leaf if `requires_grad`."""
    return x.detach().requires_grad_(requires_grad)


@register("equal")
def equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors have the same size and elements."""
    return torch.equal(a, b)


@register("allclose")
def allclose(a: torch.Tensor, b: torch.Tensor, rtol: float, atol: float, equal_nan: bool) -> bool:
    """Whether two tensors agree within tolerances."""
    return torch.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


@register("from_numbers")
def from_numbers(values: tuple[Any, ...], dtype: torch.dtype | None, device: str) -> torch.Tensor:
    """`torch.tensor` of (nested tuples of) Python numbers."""
    return torch.tensor(values, dtype=dtype, device=device)


@register("stacked")
def stacked(column: torch.Tensor) -> torch.Tensor:
    """`torch.stack` of the rows of `column`."""
    if not column.shape[0]:
        raise RuntimeError("stack expects a non-empty TensorList")
    return column.clone()


@register("sort_order")
def sort_order(keys: tuple[Any, ...], reverse: bool) -> tuple[int, ...]:
    """The positions that put `keys` (numbers, texts, nested tuples of them) into order, equal ones as they stand."""
    return tuple(sorted(range(len(keys)), key=lambda index: keys[index], reverse=reverse))


@register("write_slice")
def write_slice(
    x: torch.Tensor, value: torch.Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> torch.Tensor:
    """`slice_scatter` that is differentiable for complex tensors too."""
    made = x.clone()
    torch.ops.aten.slice.Tensor(made, dim, start, end, step).copy_(value)
    return made


@register("write_select")
def write_select(x: torch.Tensor, value: torch.Tensor, dim: int, index: int) -> torch.Tensor:
    """`select_scatter` that is differentiable for complex tensors too."""
    made = x.clone()
    made.select(dim, index).copy_(value)
    return made


@register("write_diagonal")
def write_diagonal(x: torch.Tensor, value: torch.Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> torch.Tensor:
    """`diagonal_scatter` that is differentiable for complex tensors too."""
    made = x.clone()
    made.diagonal(offset, dim1, dim2).copy_(value)
    return made


@register("pick")
def pick(pred: bool, then: Any, orelse: Any) -> Any:
    """One of two numbers."""
    return then if pred else orelse


@register("gradient")
def gradient(
    outputs: tuple[torch.Tensor, ...],
    inputs: tuple[torch.Tensor, ...],
    seeds: tuple[Any, ...] | None,
    create_graph: bool,
) -> tuple[torch.Tensor, ...]:
    """Gradients of `outputs` with respect to `inputs` by PyTorch's autograd; differentiable again if `create_graph`."""
    return torch.autograd.grad(outputs, inputs, seeds, retain_graph=True, create_graph=create_graph)


@register("backward")
def backward(
    outputs: tuple[torch.Tensor, ...],
    leaves: tuple[torch.Tensor, ...],
    seeds: tuple[Any, ...] | None,
    retain_graph: bool,
    create_graph: bool,
) -> tuple[torch.Tensor, ...]:
    """What `torch.autograd.backward(outputs, seeds)` gives each of the leaves, as tensors of their own.

    A leaf that this run does not reach is an error: in the imperative program its `.grad` stays as it is.
    """
    grads: Any = torch.autograd.grad(outputs, leaves, seeds, retain_graph, create_graph, allow_unused=True)
    taken = {seed.data_ptr() for seed in seeds or () if seed is not None}
    made: list[torch.Tensor] = []
    for leaf, grad in zip(leaves, grads, strict=True):
        if grad is None:
            raise RuntimeError("backward() does not reach a tensor that it reaches on other paths")
        whole = grad.stride() == leaf.stride() and grad.untyped_storage().nbytes() == grad.nbytes
        if create_graph:
            grad = grad.clone()
        elif not whole or grad.data_ptr() in taken:
            grad = torch.empty_like(leaf, requires_grad=False).copy_(grad)
        taken.add(grad.data_ptr())
        made.append(grad)
    return tuple(made)


@register("assume")
def assume(value: Any, expected: Any) -> int:
    """The graph holds only where a number is `expected`, of the same type; `assumption` marks the error otherwise."""
    if repr(value) != repr(expected):
        error: Any = RuntimeError(f"the graph was made for {expected!r}, and this is {value!r}")
        error.assumption = True
        raise error
    return 0


@register("manual_seed")
def manual_seed(seed: int) -> int:
    """Seed the random stream."""
    torch.manual_seed(seed)
    return 0


@register("clock")
def clock(name: str) -> float:
    """What a clock shows when the graph comes here: `time.name()`."""
    return getattr(time, name)()


@register("python_random")
def python_random(name: str, *operands: Any) -> Any:
    """A draw from Python's own generator: `random.name(*operands)`; of a sequence, whose length is given, positions."""
    if name == "sample":
        return tuple(random.sample(range(operands[0]), operands[1]))
    if name == "shuffle":
        order = list(range(operands[0]))
        random.shuffle(order)
        return tuple(order)
    return getattr(random, name)(*operands)


def python_draw(stream: Any, name: str, *operands: Any) -> Any:
    """The same of a generator that the program keeps."""
    if name == "sample":
        return tuple(stream.sample(range(operands[0]), operands[1]))
    if name == "shuffle":
        order = list(range(operands[0]))
        stream.shuffle(order)
        return tuple(order)
    return getattr(stream, name)(*operands)
