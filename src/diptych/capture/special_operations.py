"""Operations that are not recorded as a functional node: their own recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.tensors import adopt, node_of, requires_grad, write
from diptych.capture.writes import Writes
from diptych.graph import own
from diptych.graph import own_ops as own_ops  # fills the registry

aten = torch.ops.aten

Special = Callable[[Writes, Any, tuple[Any, ...], dict[str, Any]], Any]

SPECIAL: dict[Any, Special] = {}


def special(*functions: Any) -> Callable[[Special], Special]:
    """Register how an operation is recorded that is not simply a functional node."""

    def register(recording: Special) -> Special:
        for function in functions:
            SPECIAL[function] = recording
        return recording

    return register


@special(aten.fill_.Scalar)
def record_fill(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.fill_(v)`: a new tensor full of `v`."""
    mode.check_leaf([args[0]])
    node = mode.tape.emit(aten.full_like.default, *mode.operands(args, kwargs), mode.tape.spec(args[0]))
    write(mode.tape, args[0], node, False)
    return args[0]


@special(aten.fill_.Tensor, aten.copy_.default)
def record_copy(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.copy_(source)`: the source in the dtype and shape of `x`."""
    target, source = args[0], args[1]
    mode.check_leaf([target])
    mode.run(func, args, {k: v for k, v in kwargs.items() if k != "non_blocking"})
    tape = mode.tape
    (node,), _ = mode.operands((source,), {})
    if source.dtype != target.dtype or source.device != target.device:
        node = tape.emit(aten.to.device, (node, target.device, target.dtype), None, tape.spec(target))
    if tuple(source.shape) != tuple(target.shape):
        node = tape.emit(aten.expand.default, (node, tape.nodes(list(target.shape))), None, tape.spec(target))
    node = tape.emit(aten.clone.default, (node,), {"memory_format": torch.contiguous_format}, tape.spec(target))
    write(tape, target, node, requires_grad(source), forgets=True)
    return target


@special(aten.batch_norm.default)
def record_batch_norm(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """Batch normalization: in training mode it also moves the running statistics, which its schema does not say."""
    x, weight, bias, mean, var, training, momentum, eps, _ = args
    if not training or mean is None:
        return mode.record(func, args, kwargs, mode.tape)
    return moving(mode, "batch_norm_training", x, weight, bias, mean, var, momentum, eps)


@special(aten.instance_norm.default)
def record_instance_norm(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """Instance normalization, likewise."""
    x, weight, bias, mean, var, training, momentum, eps, _ = args
    if not training or mean is None:
        return mode.record(func, args, kwargs, mode.tape)
    return moving(mode, "instance_norm_training", x, weight, bias, mean, var, momentum, eps)


@special(aten.scaled_dot_product_attention.default)
def record_attention(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """Attention: with a mask that learns, PyTorch takes another way than on fake tensors, and another memory layout."""
    made = mode.record(func, args, kwargs, mode.tape)
    mask = kwargs.get("attn_mask", args[3] if len(args) > 3 else None)
    if mask is None or not requires_grad(mask) or not torch.is_grad_enabled() or made.is_contiguous():
        return made
    fake = mode.tape.empty(made.shape, made.dtype, made.device)
    adopt(mode.tape, fake, node_of(mode.tape, made), requires_grad(made))
    return fake


@special(aten.masked_select.default)
def record_masked_select(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """`masked_select(x, mask)`: `x[mask]`, so that selections by one mask are known to be of one size."""
    x, mask = args
    with mode:
        if x.shape != mask.shape:
            x, mask = aten.broadcast_tensors.default([x, mask])
        return aten.index.Tensor(x, [mask])


@special(aten.detach_.default)
def record_detach(mode: Writes, func: Any, args: Any, kwargs: Any) -> Any:
    """`x.detach_()` of a tensor without history does nothing."""
    if requires_grad(args[0]):
        raise mode.tape.refuse("mutation", "detach_()")
    return args[0]


def moving(mode: Writes, name: str, *args: Any) -> torch.Tensor:
    """A normalization that returns its new running statistics."""
    tape = mode.tape
    x, _, _, mean, var = args[:5]
    fake = mode.run(aten.empty_like.default, (x,), {})
    placed, _ = mode.operands(args, {})
    spec = (tape.spec(fake), tape.spec(mean), tape.spec(var))
    node = tape.emit(own.OWN[name], placed, None, spec)
    grad = torch.is_grad_enabled() and any(requires_grad(a) for a in args[:3] if a is not None)
    adopt(tape, fake, tape.item(node, 0, spec[0]), grad)
    for index, buffer in ((1, mean), (2, var)):
        with torch.no_grad():
            write(tape, buffer, tape.item(node, index, spec[index]), False)
    return fake
