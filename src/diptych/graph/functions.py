"""Targets of nodes that hold something of the user's own: `torch.autograd.Function`, a stream of random numbers."""

from __future__ import annotations

from collections.abc import Callable
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


class Draw:
    """`draw(stream, *operands)`: a draw from a generator that the program keeps, which advances it."""

    def __init__(self, stream: Any, draw: Callable[..., Any], name: str) -> None:
        self.stream, self.draw = stream, draw
        self.__name__ = self.__qualname__ = name
        self.__module__ = "diptych_draws"

    def __call__(self, *operands: Any, **keywords: Any) -> Any:
        return self.draw(self.stream, *operands, **keywords)

    def __repr__(self) -> str:
        return f"draw {self.__name__}"
