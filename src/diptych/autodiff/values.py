"""Values of a graph that is written out, besides tensors and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.graph.spec import NumberSpec, Spec, TensorSpec

if TYPE_CHECKING:
    from diptych.autodiff.recorder import Recorder


class Opaque:
    """Something that only its node knows: a text, an order."""

    def __init__(self, node: fx.Node) -> None:
        self.node = node


def differentiable(value: Any) -> bool:
    """Whether gradients may flow into a value."""
    return isinstance(value, torch.Tensor) and value.requires_grad


def fresh_of(recorder: Recorder, spec: TensorSpec, grad: bool = False) -> torch.Tensor:
    """A new fake tensor of a spec; sizes that it only names are any."""
    shape = [size if isinstance(size, int) else recorder.shapes.create_unbacked_symint() for size in spec.shape]
    return recorder.fresh(shape, spec.dtype, spec.device, grad)


def named(recorder: Recorder, spec: Spec, node: fx.Node, like: Any = None) -> Any:
    """The value of a new node of that spec: a fake tensor (of the sizes of `like`), a symbol, or None."""
    match spec:
        case TensorSpec():
            made: Any = recorder.fresh(like, spec.dtype, spec.device) if like is not None else fresh_of(recorder, spec)
            recorder.name(node, made)
        case NumberSpec():
            made = recorder.symbols.number(spec.kind, node)
            node.meta |= recorder.meta(made)
        case _:
            made = None
            node.meta |= recorder.meta(None)
    return made
