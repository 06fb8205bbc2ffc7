"""Layers with the weights of torch, by their names there."""

from __future__ import annotations

from typing import Any


def linear(weights: dict[str, Any], name: str, x: Any) -> Any:
    """x [..., in] to [..., out]."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
