"""What the parts of a trace need of the tape, as a type."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.tape import Tape


class Recorder(Tape):
    """A tape that knows external tensors and can turn any traced argument into nodes."""

    def nodes(self, value: Any) -> Any:
        """The same nested argument with nodes in the place of tensors, scalars and sizes."""
        raise NotImplementedError

    def fake(self, tensor: torch.Tensor) -> torch.Tensor:
        """The traced tensor that stands for a real one."""
        raise NotImplementedError

    def unbacked(self, value: Any) -> bool:
        """Whether a symbolic truth depends on data (not on the sizes of inputs)."""
        raise NotImplementedError

    def drawn_from(self, stream: Any, function: Any) -> Any:
        """The target of a node that draws from a generator of the outside."""
        raise NotImplementedError

    def autograd_function(self, kind: Any, args: tuple[Any, ...]) -> Any:
        """A user's `autograd.Function` as one node."""
        raise NotImplementedError
