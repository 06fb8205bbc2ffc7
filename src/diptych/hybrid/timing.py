"""How long the backward pass through the results of a call takes.

It begins when the first result gets its gradient, and ends when the gradients leave the call: at the step that made an
input, or with the whole backward pass if all inputs are leaves. (Autograd runs the latest steps first: what came before
the call begins when the call's own steps are through.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.utils import _pytree as pytree

from diptych.hybrid.trial import Sample


class Pass:
    """The backward pass through one call, written into `sample` when it has ended."""

    def __init__(self, sample: Sample, clock: Callable[[], float]) -> None:
        self.sample, self.clock = sample, clock
        self.began: float | None = None

    def begin(self, gradients: Any) -> None:
        """A result got its gradient."""
        if self.began is None:
            torch.autograd.Variable._execution_engine.queue_callback(self.end)
            self.began = self.clock()

    def end(self, gradients: Any = None) -> None:
        """The gradients have left the call."""
        if self.began is not None and self.sample.backward is None:
            self.sample.backward = self.clock() - self.began


def watch_backward(result: Any, inputs: Iterable[Any], sample: Sample, clock: Callable[[], float]) -> None:
    """Have the backward pass through a call's result timed, if there comes one."""
    if not torch.is_grad_enabled():
        return
    before = {value.grad_fn for value in inputs if isinstance(value, torch.Tensor)} - {None}
    nodes = {value.grad_fn for value in pytree.tree_leaves(result) if isinstance(value, torch.Tensor)} - {None} - before
    if not nodes:
        return
    timed = Pass(sample, clock)
    for node in nodes:
        assert node is not None
        node.register_prehook(timed.begin)
    for node in before:
        assert node is not None
        node.register_prehook(timed.end)
