"""Control flow as one step of PyTorch's autograd: its backward writes the gradient of the branch or the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from diptych.autodiff.values import differentiable


class Differentiable(Protocol):
    """A branch or a loop that has been written."""

    def gradient(self, seeds: Sequence[torch.Tensor | None]) -> Sequence[torch.Tensor | None]:
        """Write the gradient: for seeds of its differentiable results, what flows to its differentiable inputs."""
        ...


class ControlFunction(torch.autograd.Function):
    """The results of a branch or a loop, as functions of its differentiable inputs."""

    @staticmethod
    def forward(ctx: Any, site: Differentiable, results: list[torch.Tensor], *inputs: torch.Tensor) -> Any:
        ctx.site = site
        ctx.set_materialize_grads(False)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *seeds: torch.Tensor | None) -> Any:
        if torch.is_grad_enabled():
            raise ctx.site.refuse("a gradient of second order through control flow")
        return (None, None, *ctx.site.gradient(seeds))


def connect(recorder: Any, site: Differentiable, results: list[Any], wanted: list[bool], inputs: list[Any]) -> None:
    """Give those `results` that are `wanted` a history that leads to the differentiable ones of `inputs`."""
    given = [value for value in inputs if differentiable(value)]
    chosen = [k for k, (value, want) in enumerate(zip(results, wanted, strict=True)) if want and value is not None]
    if not given or not chosen:
        return
    made = ControlFunction.apply(site, [results[k] for k in chosen], *given)
    assert isinstance(made, tuple)
    for k, value in zip(chosen, made, strict=True):
        recorder.stands_for(value, recorder.node(results[k]))
        results[k] = value
