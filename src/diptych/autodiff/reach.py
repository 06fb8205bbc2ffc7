"""Whether a gradient is there at all: which side was taken, and how many rounds there were, decides it.

PyTorch tells no gradient (None) from a gradient of zeros; optimizers do, too. A gradient that control flow gives is a
tensor in any case, and has a flag: whether it was reached on the path that the program took.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from diptych.autodiff.recorder import Recorder

aten = torch.ops.aten
Flag = Any
"""True, False, or a number (a `SymBool`) that the graph computes."""


class Reach:
    """The flags of gradients; one without a flag is there."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.flags: dict[int, tuple[torch.Tensor, Flag]] = {}

    def of(self, value: torch.Tensor | None) -> Flag:
        """Whether a gradient is there."""
        if value is None:
            return False
        found = self.flags.get(id(value))
        return found[1] if found is not None and found[0] is value else True

    def mark(self, value: torch.Tensor, flag: Flag) -> torch.Tensor:
        """A gradient that is there if `flag` holds."""
        if flag is not True:
            self.flags[id(value)] = value, flag
        return value

    def follow(self, func: Any, arguments: list[Any], results: Any) -> None:
        """What is computed of gradients is there if they are; of a sum, if one of its parts is."""
        found = [self.of(v) for v in arguments if isinstance(v, torch.Tensor) and id(v) in self.flags]
        if not found:
            return
        tensors = sum(isinstance(v, torch.Tensor) for v in arguments)
        if func is aten.add.Tensor and len(found) < tensors:
            return
        flag = found[0]
        for other in found[1:]:
            flag = self.either(flag, other)
        for value in results if isinstance(results, tuple | list) else (results,):
            if isinstance(value, torch.Tensor):
                self.mark(value, flag)

    def either(self, a: Flag, b: Flag) -> Flag:
        """`a or b`."""
        if a is True or b is True or a is b:
            return True if a is True or b is True else a
        if a is False or b is False:
            return b if a is False else a
        return self.number(operator.or_, a, b)

    def both(self, a: Flag, b: Flag) -> Flag:
        """`a and b`."""
        if a is False or b is False:
            return False
        if a is True or b is True:
            return b if a is True else a
        return self.number(operator.and_, a, b)

    def number(self, function: Any, a: Flag, b: Flag) -> Flag:
        """A new number of the graph."""
        node = self.recorder.emit(function, (a, b))
        made = self.recorder.symbols.number("bool", node)
        node.meta |= self.recorder.meta(made)
        return made
