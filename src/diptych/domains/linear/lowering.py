"""A straight-line graph as affine and nonlinear steps.

What does not depend on the input runs as it is, in float64; every other operation has a rule below, or is refused by
name and source line. Affine operations need no rule of their own: the operation itself is the affine function, and
its transpose comes from PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.node import map_aggregate

from diptych.domains.linear import functions
from diptych.domains.linear.functions import Known
from diptych.domains.linear.steps import Affine, Network, Nonlinear
from diptych.errors import DiptychError
from diptych.graph.program import SymbolicGraph
from diptych.graph.spec import TensorSpec
from diptych.graph.walk import outputs, placeholders, where_of

aten = torch.ops.aten


class UnsupportedOperation(DiptychError):
    """An operation that depends on the input has no rule in a domain."""


@dataclass(frozen=True)
class Value:
    """A value that depends on the input: its number in the network."""

    number: int


_AFFINE = {
    aten.linear.default, aten.conv2d.default, aten.conv1d.default, aten.conv3d.default, aten.convolution.default,
    aten.conv_transpose2d.input, aten.conv_transpose1d.default, aten.addmm.default, aten.mm.default, aten.bmm.default,
    aten.matmul.default, aten.add.Tensor, aten.add.Scalar, aten.sub.Tensor, aten.sub.Scalar, aten.rsub.Scalar,
    aten.rsub.Tensor, aten.neg.default, aten.view.default, aten.reshape.default, aten._unsafe_view.default,
    aten.flatten.using_ints, aten.unflatten.int, aten.permute.default, aten.transpose.int, aten.t.default,
    aten.squeeze.default, aten.squeeze.dim, aten.squeeze.dims, aten.unsqueeze.default, aten.expand.default,
    aten.slice.Tensor, aten.select.int, aten.index_select.default, aten.gather.default, aten.narrow.default,
    aten.cat.default, aten.stack.default, aten.constant_pad_nd.default, aten.pad.default, aten.sum.default,
    aten.sum.dim_IntList, aten.mean.default, aten.mean.dim, aten.avg_pool2d.default, aten.avg_pool1d.default,
    aten.adaptive_avg_pool2d.default, aten.adaptive_avg_pool1d.default, aten.flip.default, aten.roll.default,
    aten.repeat.default, aten.clone.default, aten.contiguous.default, aten.alias.default, aten.detach.default,
    aten.cumsum.default, aten.upsample_nearest2d.vec, aten.tril.default, aten.triu.default, aten.movedim.int,
    aten.pixel_shuffle.default,
}  # fmt: skip
"""Affine in all tensors that depend on the input together, provided that no two of them are multiplied."""

_PRODUCTS = {aten.linear.default, aten.mm.default, aten.bmm.default, aten.matmul.default, aten.addmm.default,
             aten.conv2d.default, aten.conv1d.default}  # fmt: skip
_RESHAPES = {aten.view.default, aten.reshape.default, aten._unsafe_view.default, aten.flatten.using_ints,
             aten.squeeze.default, aten.squeeze.dim, aten.squeeze.dims, aten.unsqueeze.default, aten.clone.default,
             aten.contiguous.default, aten.alias.default, aten.detach.default, aten.unflatten.int}  # fmt: skip

_ELEMENTWISE: dict[Any, Known] = {
    aten.relu.default: functions.RELU,
    aten.abs.default: functions.ABSOLUTE,
    aten.exp.default: functions.EXP,
    aten.log.default: functions.LOG,
    aten.sqrt.default: functions.SQRT,
    aten.expm1.default: functions.EXPM1,
    aten.reciprocal.default: functions.RECIPROCAL,
    aten.sigmoid.default: functions.SIGMOID,
    aten.tanh.default: functions.TANH,
    aten.atan.default: functions.ATAN,
    aten.erf.default: functions.ERF,
    aten.sin.default: functions.SINE,
    aten.square.default: functions.SQUARE,
}


class Lowering:
    """The walk: `values` holds what each node is, a `Value` or something concrete."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.node: fx.Node | None = None

    def affine(self, function: Callable[..., Tensor], *sources: Value, reshape: bool = False) -> Value:
        """Append an affine step."""
        shapes = [self.network.shape_of(s.number) for s in sources]
        bias = function(*(torch.zeros(shape, dtype=torch.float64) for shape in shapes))
        step = Affine(tuple(s.number for s in sources), tuple(bias.shape), function, bias, self.text, reshape=reshape)
        return Value(self.network.add(step))

    def matrix(self, weight: Tensor, bias: Tensor, source: Value) -> Value:
        """Append `weight @ x + bias` on the last dimension."""
        shape = (*self.network.shape_of(source.number)[:-1], weight.shape[0])
        step = Affine(
            (source.number,), shape, lambda x: x @ weight.T + bias, bias.expand(shape), self.text, matrix=weight
        )
        return Value(self.network.add(step))

    def nonlinear(self, known: Known, *sources: Value) -> Value:
        """Append a nonlinear step; its sources are brought to one shape."""
        shapes = [self.network.shape_of(s.number) for s in sources]
        shape = tuple(torch.broadcast_shapes(*shapes))
        same = [
            s if own == shape else self.affine(lambda x: x.expand(shape), s)
            for s, own in zip(sources, shapes, strict=True)
        ]
        step = Nonlinear(
            tuple(s.number for s in same), shape, known.kind, known.function, known.relax, known.image, self.text
        )
        return Value(self.network.add(step))

    @property
    def text(self) -> str:
        """The operation at hand and its place in the source."""
        node = self.node
        return "" if node is None else f"{node.target} at {where_of(node)}"

    def refuse(self, why: str) -> UnsupportedOperation:
        """The error for the operation at hand."""
        node = self.node
        assert node is not None
        return UnsupportedOperation(
            f"no linear bounds for {node.target}", where_of(node), why, "see docs/verify.md for what can be bounded"
        )

    def call(self, target: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What an operation gives."""
        found = _values((args, kwargs))
        if not found:
            return target(*args, **kwargs)
        self._only_floats()
        if target in _ELEMENTWISE:
            return self.nonlinear(_ELEMENTWISE[target], args[0])
        if target in _RULES:
            return _RULES[target](self, *args, **kwargs)
        if target in (aten.linear.default, aten.matmul.default, aten.mm.default, aten.addmm.default):
            made = self._product(target, args)
            if made is not None:
                return made
        if target in _AFFINE:
            if target in _PRODUCTS and len(found) > 1:
                raise self.refuse("it multiplies two values that both depend on the input")
            function = _closed(target, args, kwargs)
            return self.affine(function, *found, reshape=target in _RESHAPES or self._shifts(target, args, kwargs))
        raise self.refuse("the operation has no rule")

    def _shifts(self, target: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """Whether an operation adds something concrete to a value, or subtracts it, and keeps the shape."""
        assert self.node is not None
        if target not in (aten.add.Tensor, aten.sub.Tensor) or not isinstance(args[0], Value) or kwargs:
            return False
        return not isinstance(args[1], Value) and self.network.shape_of(args[0].number) == self.node.meta["spec"].shape

    def _only_floats(self) -> None:
        """Refuse results that are no float32 or float64 numbers: conversions round, and truth values decide."""
        assert self.node is not None
        spec = self.node.meta.get("spec")
        if not isinstance(spec, TensorSpec) or spec.dtype not in (torch.float32, torch.float64):
            raise self.refuse(f"its result is {spec}, decided by the input; only float32 and float64 can be bounded")

    def _product(self, target: Any, args: Sequence[Any]) -> Value | None:
        if target is aten.addmm.default:
            bias, left, right = args
            weight = right.T if isinstance(right, Tensor) else None
        else:
            left, right = args[0], args[1]
            bias = args[2] if len(args) > 2 else None
            weight = right if target is aten.linear.default else right.T if isinstance(right, Tensor) else None
        if not isinstance(left, Value) or not isinstance(weight, Tensor) or weight.dim() != 2:
            return None
        if isinstance(bias, Value) or not self.network.shape_of(left.number):
            return None
        zero = torch.zeros(weight.shape[0], dtype=torch.float64)
        return self.matrix(weight, zero if bias is None else bias, left)


def _values(tree: Any) -> list[Value]:
    found: list[Value] = []

    def see(leaf: Any) -> Any:
        if isinstance(leaf, Value):
            found.append(leaf)
        return leaf

    map_aggregate(tree, see)
    return found


def _closed(target: Any, args: Any, kwargs: Any) -> Callable[..., Tensor]:
    """The operation as a function of those of its arguments that are `Value`s, in order."""

    def function(*given: Tensor) -> Tensor:
        rest = iter(given)
        filled: Any = map_aggregate((args, kwargs), lambda leaf: next(rest) if isinstance(leaf, Value) else leaf)
        return target(*filled[0], **filled[1])

    return function


def _mul(low: Lowering, left: Any, right: Any) -> Any:
    if isinstance(left, Value) and isinstance(right, Value):
        return low.nonlinear(functions.SQUARE, left) if left == right else low.nonlinear(functions.PRODUCT, left, right)
    value, factor = (left, right) if isinstance(left, Value) else (right, left)
    return low.affine(lambda x: x * factor, value)


def _div(low: Lowering, left: Any, right: Any) -> Any:
    if not isinstance(right, Value):
        return low.affine(lambda x: x / right, left)
    return _mul(low, left, low.nonlinear(functions.RECIPROCAL, right))


def _leaky_relu(low: Lowering, x: Value, negative: float = 0.01) -> Value:
    if not negative >= 0:
        raise low.refuse("its negative slope is below 0")
    return low.nonlinear(functions.leaky_relu(float(negative)), x)


def _clamp(low: Lowering, x: Value, least: Any = None, most: Any = None) -> Value:
    if isinstance(least, Value) or isinstance(most, Value):
        raise low.refuse("its limits depend on the input")
    if least is not None:
        x = low.affine(lambda v: v + least, low.nonlinear(functions.RELU, low.affine(lambda v: v - least, x)))
    if most is not None:
        x = low.affine(lambda v: most - v, low.nonlinear(functions.RELU, low.affine(lambda v: most - v, x)))
    return x


def _larger(low: Lowering, left: Any, right: Any) -> Value:
    if isinstance(left, Value) and isinstance(right, Value):
        return low.nonlinear(functions.MAXIMUM, left, right)
    value, limit = (left, right) if isinstance(left, Value) else (right, left)
    return _clamp(low, value, least=limit)


def _smaller(low: Lowering, left: Any, right: Any) -> Value:
    def turned(x: Any) -> Any:
        return low.affine(torch.neg, x) if isinstance(x, Value) else -x

    return low.affine(torch.neg, _larger(low, turned(left), turned(right)))


def _batch_norm(
    low: Lowering, x: Value, weight: Any, bias: Any, mean: Any, var: Any, training: bool, *rest: Any
) -> Value:
    if training:
        raise low.refuse("batch normalization in training mode looks at the whole batch; call eval() first")
    return low.affine(lambda v: aten.batch_norm.default(v, weight, bias, mean, var, False, *rest), x)


def _max_pool2d(
    low: Lowering, x: Value, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> Value:
    def pair(v: Any) -> tuple[int, int]:
        return (v, v) if isinstance(v, int) else (v[0], v[-1])

    (kh, kw), (ph, pw), (dh, dw) = pair(kernel), pair(padding), pair(dilation)
    sh, sw = pair(stride) if stride else (kh, kw)
    if ceil or ph or pw:
        raise low.refuse("max pooling with padding or ceil_mode")
    height, width = low.network.shape_of(x.number)[-2:]
    rows, columns = (height - dh * (kh - 1) - 1) // sh + 1, (width - dw * (kw - 1) - 1) // sw + 1

    def window(i: int, j: int) -> Callable[[Tensor], Tensor]:
        top, left = i * dh, j * dw
        return lambda v: v[..., top : top + sh * (rows - 1) + 1 : sh, left : left + sw * (columns - 1) + 1 : sw]

    return low.nonlinear(functions.MAXIMUM, *(low.affine(window(i, j), x) for i in range(kh) for j in range(kw)))


def _amax(low: Lowering, x: Value, dims: Any = (), keepdim: bool = False) -> Value:
    dims = [dims] if isinstance(dims, int) else list(dims)
    if len(dims) != 1:
        raise low.refuse("the largest over several dimensions")
    size = low.network.shape_of(x.number)[dims[0]]

    def at(k: int) -> Callable[[Tensor], Tensor]:
        return lambda v: v.narrow(dims[0], k, 1) if keepdim else v.select(dims[0], k)

    return low.nonlinear(functions.MAXIMUM, *(low.affine(at(k), x) for k in range(size)))


def _softmax(low: Lowering, x: Value, dim: int, *_: Any) -> Value:
    """1 / sum(exp(x_k - x_i)): differences first, so that bounds of the logits cancel."""
    size = low.network.shape_of(x.number)[dim]

    def others(v: Tensor) -> Tensor:
        moved = v.movedim(dim, -1)
        return moved.unsqueeze(-2).expand(*moved.shape[:-1], size, size) - moved.unsqueeze(-1)

    total = low.affine(lambda v: v.sum(-1), low.nonlinear(functions.EXP, low.affine(others, x)))
    return low.affine(lambda v: v.movedim(-1, dim), low.nonlinear(functions.RECIPROCAL, total))


def _power(low: Lowering, x: Value, exponent: Any) -> Value:
    if exponent == 2:
        return low.nonlinear(functions.SQUARE, x)
    if exponent == 1:
        return x
    if exponent == 0.5:
        return low.nonlinear(functions.SQRT, x)
    if exponent in (3, 4):
        square = low.nonlinear(functions.SQUARE, x)
        return low.nonlinear(functions.PRODUCT, square, x) if exponent == 3 else low.nonlinear(functions.SQUARE, square)
    raise low.refuse(f"the exponent {exponent}")


def _gelu(low: Lowering, x: Value, approximate: str = "none") -> Value:
    if approximate != "none":
        raise low.refuse("GELU in its tanh approximation")
    inner = low.nonlinear(functions.ERF, low.affine(lambda v: v * 0.5**0.5, x))
    return low.nonlinear(functions.PRODUCT, x, low.affine(lambda v: 0.5 * v + 0.5, inner))


def _softplus(low: Lowering, x: Value, beta: float = 1, threshold: float = 20) -> Value:
    if (beta, threshold) != (1, 20):
        raise low.refuse("softplus with another beta or threshold than 1 and 20")
    return low.nonlinear(functions.SOFTPLUS, x)


_RULES: dict[Any, Callable[..., Any]] = {
    aten.mul.Tensor: _mul,
    aten.mul.Scalar: _mul,
    aten.div.Tensor: _div,
    aten.div.Scalar: _div,
    aten.leaky_relu.default: _leaky_relu,
    aten.clamp.default: _clamp,
    aten.clamp.Tensor: _clamp,
    aten.clamp_min.default: lambda low, x, least: _clamp(low, x, least=least),
    aten.clamp_max.default: lambda low, x, most: _clamp(low, x, most=most),
    aten.hardtanh.default: lambda low, x, least=-1.0, most=1.0: _clamp(low, x, least, most),
    aten.relu6.default: lambda low, x: _clamp(low, x, 0.0, 6.0),
    aten.maximum.default: _larger,
    aten.max.other: _larger,
    aten.minimum.default: _smaller,
    aten.min.other: _smaller,
    aten.batch_norm.default: _batch_norm,
    aten.max_pool2d.default: _max_pool2d,
    aten.amax.default: _amax,
    aten.softmax.int: _softmax,
    aten._softmax.default: _softmax,
    aten.pow.Tensor_Scalar: _power,
    aten.gelu.default: _gelu,
    aten.softplus.default: _softplus,
    aten.silu.default: lambda low, x: low.nonlinear(functions.PRODUCT, x, low.nonlinear(functions.SIGMOID, x)),
    aten.cos.default: lambda low, x: low.nonlinear(functions.SINE, low.affine(lambda v: v + torch.pi / 2, x)),
    aten.dropout.default: lambda low, x, p, train: x if not train else _dropout(low),
    aten._to_copy.default: lambda low, x, **_: x,
    aten.to.dtype: lambda low, x, *_: x,
}


def _dropout(low: Lowering) -> Value:
    raise low.refuse("dropout in training mode draws random numbers; call eval() first")


def _wide(value: Any) -> Any:
    """A concrete tensor of floats as float64."""
    return value.detach().double() if isinstance(value, Tensor) and value.is_floating_point() else value


def lower(graph: SymbolicGraph) -> tuple[Network, int]:
    """The network of a graph with one tensor argument and one tensor result, and the number of its result.

    Raises:
        UnsupportedOperation: an operation that depends on the input has no rule, or the graph branches.
    """
    arguments = [i for i in graph.inputs if i.role != "state"]
    if len(arguments) != 1:
        raise UnsupportedOperation(f"{graph.name} has {len(arguments)} inputs; one tensor can vary")
    values: dict[fx.Node, Any] = {}
    network = Network(())
    low = Lowering(network)
    for node, given in zip(placeholders(graph.module), graph.inputs, strict=True):
        if given.role == "state":
            values[node] = _wide(graph.state[given.name])
        else:
            network.shape = tuple(int(size) for size in node.meta["spec"].shape)
            values[node] = Value(0)
    for node in graph.module.graph.nodes:
        if node.op == "get_attr":
            values[node] = _wide(getattr(graph.module, str(node.target), None))
        if node.op != "call_function":
            continue
        low.node = node
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda inner: values[inner])  # type: ignore[misc]
        values[node] = low.call(node.target, args, kwargs)
    final = outputs(graph.module)
    result = values[final[0]] if len(final) == 1 and isinstance(final[0], fx.Node) else None
    if not isinstance(result, Value):
        raise UnsupportedOperation(f"{graph.name} does not return one tensor that depends on its input")
    return network, result.number
