"""Training of an image classifier, as for ResNet-50 and Inception-v3."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from benchmarks.speed.in_jax.images import Network
from benchmarks.speed.in_jax.layers import Weights, cross_entropy
from benchmarks.speed.in_jax.optimizers import momentum, zeros

Forward = Callable[[Network, Any, Any], Any]
"""The network, images and a key of the random stream to logits."""
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def trained(parameters: Weights, forward: Forward) -> tuple[Any, Any]:
    """SGD with momentum and weight decay; running statistics are no weights."""
    statistics = {name: value for name, value in parameters.items() if name.endswith(STATISTICS)}
    weights = {name: value for name, value in parameters.items() if name not in statistics}

    def loss(weights: Weights, statistics: Weights, key: Any, images: Any, labels: Any) -> tuple[Any, Weights]:
        network = Network({**weights, **statistics}, True)
        return cross_entropy(forward(network, images, key), labels), network.changed

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, images: Any, labels: Any) -> tuple[Any, Any]:
        weights, statistics, speed, key = state
        key, now = jax.random.split(key)
        (value, changed), gradients = jax.value_and_grad(loss, has_aux=True)(weights, statistics, now, images, labels)
        weights, speed = momentum(weights, gradients, speed, 1e-4, 1e-4)
        return (weights, changed, speed, key), value

    return (weights, statistics, zeros(weights), jax.random.key(0)), step


def asked(parameters: Weights, forward: Forward) -> tuple[Any, Any]:
    @jax.jit
    def step(weights: Weights, images: Any) -> tuple[Any, Any]:
        return weights, forward(Network(weights, False), images, None)

    return parameters, step
