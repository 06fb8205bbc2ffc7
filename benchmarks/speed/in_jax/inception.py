"""Inception-v3."""

from __future__ import annotations

from typing import Any

from benchmarks.speed.in_jax.classifying import asked, trained
from benchmarks.speed.in_jax.images import Network
from benchmarks.speed.in_jax.layers import Weights, dropout, linear


def forward(network: Network, images: Any, key: Any) -> Any:
    features = network.inception(images)
    return linear(network.weights, "classes", features if key is None else dropout(key, features, 0.5))


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    return trained(parameters, forward)


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    return asked(parameters, forward)
