"""Whether autograd records: a state of torch that the program may set, as a place of the trail."""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from diptych.capture.staging.builtin.registry import meaning


class GradMode:
    """The mode, as a place; it must be known during the trace."""

    def __init__(self, tape: Any) -> None:
        self.tape = tape
        self.key = ("grad mode",)

    def get(self) -> bool:
        """The mode now."""
        return torch.is_grad_enabled()

    def set(self, value: Any) -> None:
        """Set it."""
        if not isinstance(value, bool):
            raise self.tape.refuse("grad-mode", "it depends on the path")
        torch._C._set_grad_enabled(value)


@meaning(torch.set_grad_enabled)
def set_grad_enabled(stager: Any, mode: Any) -> Any:
    """`torch.set_grad_enabled(mode)`, called or used in a `with`."""
    mode = stager.truth(mode)
    if not isinstance(mode, bool):
        raise stager.tape.refuse("grad-mode", "a tensor decides it")
    if mode and not stager.tape.grad_mode:
        raise stager.tape.refuse("grad-mode", "set_grad_enabled(True)")
    stager.tape.trail.touch(GradMode(stager.tape))
    return torch.set_grad_enabled(mode)


@meaning(torch.autograd.profiler.record_function)
def record_function(stager: Any, name: str, args: Any = None) -> Any:
    """`record_function(name)`: nothing but a label for profilers."""
    return contextlib.nullcontext()


@meaning(torch._dynamo.graph_break)
def graph_break(stager: Any, *args: Any, **kwargs: Any) -> None:
    """A hint for another compiler."""
