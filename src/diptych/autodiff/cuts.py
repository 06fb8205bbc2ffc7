"""Gradients asked for inside of a region, of values whose history begins outside of it.

A region is written with leaves in place of what it is given, so that its own gradient can be written. What `backward()`
inside of it gives a parameter comes along every one of these leaves, and from there through the history outside.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from diptych.autodiff.recorder import Recorder

Gradients = list[torch.Tensor | None]


@dataclass(frozen=True)
class Cut:
    """Where a history is cut: the leaf inside, and the value outside (None if it is of an earlier round)."""

    leaf: torch.Tensor
    value: torch.Tensor | None


class Cuts:
    """The cuts of the regions that are being written, the innermost last."""

    def __init__(self) -> None:
        self.regions: list[list[Cut]] = []

    @contextmanager
    def region(self, leaves: Sequence[Any], values: Sequence[Any]) -> Generator[None]:
        """Write a region that has `leaves` for `values`."""
        pairs = zip(leaves, values, strict=True)
        self.regions.append([Cut(a, b) for a, b in pairs if isinstance(a, torch.Tensor) and a.requires_grad])
        try:
            yield
        finally:
            self.regions.pop()

    def gradients(self, recorder: Recorder, outputs: Any, inputs: Sequence[torch.Tensor], seeds: Any) -> Gradients:
        """What `torch.autograd.grad` gives without the cuts; None where an input is not reached."""
        return self.through(recorder, len(self.regions), list(outputs), list(inputs), seeds)

    def begins(self, value: torch.Tensor, depth: int) -> bool:
        """Whether there is a history behind a value in the region of this depth."""
        return value.grad_fn is not None or (depth > 0 and any(cut.leaf is value for cut in self.regions[depth - 1]))

    def through(self, recorder: Recorder, depth: int, outputs: Any, inputs: list[Any], seeds: Any) -> Gradients:
        """The same, in the region of this depth."""
        cuts = self.regions[depth - 1] if depth else []
        others = [cut for cut in cuts if not any(cut.leaf is value for value in inputs)]
        wanted = [*inputs, *(cut.leaf for cut in others)]
        there = [k for k, value in enumerate(wanted) if value is not None]
        found = torch.autograd.grad(outputs, [wanted[k] for k in there], seeds, True, allow_unused=True)
        grads: Gradients = [None] * len(wanted)
        for k, grad in zip(there, found, strict=True):
            grads[k] = grad
        made = grads[: len(inputs)]
        passed = [(cut, grad) for cut, grad in zip(others, grads[len(inputs) :], strict=True) if grad is not None]
        if any(cut.value is None for cut, _ in passed):
            raise recorder.refuse("a gradient inside of a loop that goes back through earlier rounds")
        outside = {id(cut.leaf): cut.value for cut in cuts}
        origins = [outside.get(id(value)) for value in inputs]
        passed = [(cut, grad) for cut, grad in passed if cut.value is not None and self.begins(cut.value, depth - 1)]
        if passed and any(value is not None for value in origins):
            starts, seeded = [cut.value for cut, _ in passed], [grad for _, grad in passed]
            more = self.through(recorder, depth - 1, starts, origins, seeded)
            made = [b if a is None else a if b is None else a + b for a, b in zip(made, more, strict=True)]
        return made
