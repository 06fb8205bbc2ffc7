"""The compilers that take a graph in the exchange format, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.autodiff.written import Written
from diptych.backends.exchange import NotExchanged
from diptych.backends.inductor import compile_inductor
from diptych.backends.onnxruntime import compile_onnx
from diptych.graph import walk
from diptych.graph.spec import NumberSpec, TensorSpec

Run = Callable[..., tuple[Any, ...]]


def compile_exchanged(compiler: str, written: Written, samples: Sequence[Any]) -> tuple[Run, Run | None]:
    """A graph and its gradient, compiled by the compiler of this name; `NotExchanged` says why not."""
    if compiler == "onnxruntime":
        if written.backward is not None:
            raise NotExchanged("gradients in ONNX Runtime", why="it is for inference: call under torch.no_grad()")
        return compile_onnx(written.forward, samples), None
    backward = None
    if written.backward is not None:
        backward = compile_inductor(written.backward, stand_ins(written.backward))
    return compile_inductor(written.forward, samples), backward


def stand_ins(module: fx.GraphModule) -> list[Any]:
    """Values of the types that a graph takes."""
    made: list[Any] = []
    for node in walk.placeholders(module):
        value, spec = node.meta.get("val"), node.meta.get("spec")
        shape: list[Any] = list(value.shape) if isinstance(value, torch.Tensor) else [None]
        if isinstance(value, torch.Tensor) and all(isinstance(n, int) for n in shape):
            made.append(torch.ones(shape, dtype=value.dtype, device=value.device))
        elif isinstance(spec, TensorSpec) and all(isinstance(n, int) for n in spec.shape):
            made.append(torch.ones([int(n) for n in spec.shape], dtype=spec.dtype, device=spec.device))
        elif isinstance(spec, NumberSpec) and spec.kind in ("bool", "int"):
            made.append(spec.kind == "bool" or 1)
        else:
            raise NotExchanged(f"a saved value of type {spec}", walk.where_of(node))
    return made
