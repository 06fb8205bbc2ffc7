"""ONNX operations as PyTorch: for each name a function from its attributes to a function of its inputs.

Only what verification benchmarks need; see https://onnx.ai/onnx/operators/ for what each means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Attributes = Mapping[str, Any]
Operation = Callable[..., Tensor]


class Refused(ValueError):
    """An attribute or a combination of attributes that is not read."""


def _symmetric(pads: Sequence[int]) -> list[int]:
    half = len(pads) // 2
    if list(pads[:half]) != list(pads[half:]):
        raise Refused(f"padding {list(pads)} that differs between the two ends")
    return list(pads[:half])


def _no_auto_pad(attributes: Attributes) -> None:
    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise Refused(f"auto_pad={attributes['auto_pad'].decode()}")


def conv(attributes: Attributes) -> Operation:
    """Conv: 1 to 3 dimensions, as many as there are strides, kernel sizes or dilations."""
    _no_auto_pad(attributes)
    rank = len(attributes["kernel_shape"]) if "kernel_shape" in attributes else 2
    function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    strides = list(attributes.get("strides", [1] * rank))
    padding = _symmetric(attributes.get("pads", [0] * 2 * rank))
    dilations, group = list(attributes.get("dilations", [1] * rank)), attributes.get("group", 1)
    return lambda x, weight, bias=None: function(x, weight, bias, strides, padding, dilations, group)


def gemm(attributes: Attributes) -> Operation:
    """Gemm: alpha * A @ B + beta * C."""
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    if attributes.get("transA", 0):
        raise Refused("transA=1")
    turned = attributes.get("transB", 0)

    def operation(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        weight = b if turned else b.t()
        if alpha == 1.0 and c is not None and c.dim() == 1 and beta == 1.0:
            return F.linear(a, weight, c)
        result = F.linear(a, weight) * alpha
        return result if c is None else result + beta * c

    return operation


def flatten(attributes: Attributes) -> Operation:
    """Flatten: two dimensions, cut before `axis`."""
    axis = attributes.get("axis", 1)

    def operation(x: Tensor) -> Tensor:
        count = 1
        for size in x.shape[:axis]:
            count *= size
        return x.reshape(count, -1)

    return operation


def batch_norm(attributes: Attributes) -> Operation:
    """BatchNormalization with its stored statistics."""
    if attributes.get("training_mode", 0):
        raise Refused("training_mode=1")
    epsilon = attributes.get("epsilon", 1e-5)
    return lambda x, scale, bias, mean, var: F.batch_norm(x, mean, var, scale, bias, False, 0.1, epsilon)


def pool(kind: str) -> Callable[[Attributes], Operation]:
    """MaxPool and AveragePool in two dimensions."""

    def build(attributes: Attributes) -> Operation:
        _no_auto_pad(attributes)
        kernel = list(attributes["kernel_shape"])
        if len(kernel) != 2:
            raise Refused(f"pooling over {len(kernel)} dimensions")
        strides = list(attributes.get("strides", [1, 1]))
        padding, ceil = _symmetric(attributes.get("pads", [0] * 4)), bool(attributes.get("ceil_mode", 0))
        if kind == "max":
            dilations = list(attributes.get("dilations", [1, 1]))
            return lambda x: F.max_pool2d(x, kernel, strides, padding, dilations, ceil)
        counted = bool(attributes.get("count_include_pad", 0))
        return lambda x: F.avg_pool2d(x, kernel, strides, padding, ceil, counted)

    return build


def softmax(attributes: Attributes) -> Operation:
    """Softmax along one axis (from version 13 on; before, only the last one of two dimensions means the same)."""
    axis = attributes.get("axis", -1)
    return lambda x: torch.softmax(x, axis)


def concat(attributes: Attributes) -> Operation:
    """Concat."""
    axis = attributes["axis"]
    return lambda *xs: torch.cat(xs, axis)


def transpose(attributes: Attributes) -> Operation:
    """Transpose."""
    order = attributes.get("perm")
    return lambda x: x.permute(list(order) if order else list(reversed(range(x.dim()))))


def leaky_relu(attributes: Attributes) -> Operation:
    """LeakyRelu."""
    slope = attributes.get("alpha", 0.01)
    return lambda x: F.leaky_relu(x, slope)


def _reshape(x: Tensor, shape: Tensor) -> Tensor:
    sizes = [x.shape[k] if size == 0 else size for k, size in enumerate(shape.tolist())]
    return x.reshape(sizes)


def _plain(function: Operation) -> Callable[[Attributes], Operation]:
    return lambda attributes: function


OPERATIONS: dict[str, Callable[[Attributes], Operation]] = {
    "Abs": _plain(torch.abs),
    "Add": _plain(torch.add),
    "AveragePool": pool("average"),
    "BatchNormalization": batch_norm,
    "Concat": concat,
    "Conv": conv,
    "Div": _plain(torch.div),
    "Dropout": _plain(lambda x, *_: x),
    "Erf": _plain(torch.erf),
    "Exp": _plain(torch.exp),
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": _plain(lambda x: x.mean([2, 3], keepdim=True)),
    "Identity": _plain(lambda x: x),
    "LeakyRelu": leaky_relu,
    "Log": _plain(torch.log),
    "MatMul": _plain(torch.matmul),
    "Max": _plain(torch.maximum),
    "MaxPool": pool("max"),
    "Min": _plain(torch.minimum),
    "Mul": _plain(torch.mul),
    "Neg": _plain(torch.neg),
    "Reciprocal": _plain(torch.reciprocal),
    "Relu": _plain(torch.relu),
    "Reshape": _plain(_reshape),
    "Sigmoid": _plain(torch.sigmoid),
    "Sin": _plain(torch.sin),
    "Softmax": softmax,
    "Sqrt": _plain(torch.sqrt),
    "Sub": _plain(torch.sub),
    "Tanh": _plain(torch.tanh),
    "Transpose": transpose,
}
