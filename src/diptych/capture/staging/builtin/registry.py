"""What functions and tensor methods mean for values that only the graph knows: the tables, and how to enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HANDLERS: dict[Any, Callable[..., Any]] = {}

TENSOR_METHODS: dict[str, Callable[..., Any]] = {}


def meaning(*functions: Any) -> Callable[[Any], Any]:
    """Register the meaning of a function."""

    def register(handler: Any) -> Any:
        for function in functions:
            HANDLERS[function] = handler
        return handler

    return register


def method(name: str) -> Callable[[Any], Any]:
    """Register the meaning of a tensor's method."""

    def register(handler: Any) -> Any:
        TENSOR_METHODS[name] = handler
        return handler

    return register
