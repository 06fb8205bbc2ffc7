"""Symbolic sizes and numbers: PyTorch's environment for them, without what only its logs need."""

from __future__ import annotations

from typing import Any

from torch._guards import SLoc
from torch.fx.experimental.symbolic_shapes import ShapeEnv


class Sizes(ShapeEnv):
    """Knows the symbols of one trace, and what holds for them.

    PyTorch looks up a line of the user's program for each symbol and each fact, to log it. For the first one it imports
    its exporter and its compiler, which takes longer than most captures. Nodes know their lines here.
    """

    def _get_stack_summary(self, is_debug: bool = False, framework_loc: str | None = None) -> Any:
        if is_debug:
            return super()._get_stack_summary(is_debug, framework_loc)
        return SLoc(framework_loc, None), ""

    def _log_create_unbacked_symbol(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is logged."""
