"""Targets of nodes that run a user's own Python: `torch.autograd.Function` with its backward."""

from __future__ import annotations

from typing import Any


class AutogradFunction:
    """`function.apply`: forward and backward as the user wrote them."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.__name__ = self.__qualname__ = function.__name__
        self.__module__ = "diptych_autograd"

    def __call__(self, *operands: Any) -> Any:
        return self.function.apply(*operands)

    def __repr__(self) -> str:
        return f"{self.function.__name__}.apply"
