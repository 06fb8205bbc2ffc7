"""LeNet-5."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax

from benchmarks.speed.in_jax.layers import Weights, conv, cross_entropy, linear, max_pool
from benchmarks.speed.in_jax.optimizers import momentum, zeros


def forward(weights: Weights, images: Any) -> Any:
    x = max_pool(jax.nn.relu(conv(weights, "conv1", images, padding=2)), 2, 2)
    x = max_pool(jax.nn.relu(conv(weights, "conv2", x)), 2, 2)
    x = x.reshape(len(x), -1)
    x = jax.nn.relu(linear(weights, "fc1", x))
    x = jax.nn.relu(linear(weights, "fc2", x))
    return linear(weights, "fc3", x)


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    def loss(weights: Weights, images: Any, labels: Any) -> Any:
        return cross_entropy(forward(weights, images), labels)

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, images: Any, labels: Any) -> tuple[Any, Any]:
        weights, speed = state
        value, gradients = jax.value_and_grad(loss)(weights, images, labels)
        return momentum(weights, gradients, speed, 0.01), value

    return (parameters, zeros(parameters)), step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    @jax.jit
    def step(weights: Weights, images: Any) -> tuple[Any, Any]:
        return weights, forward(weights, images)

    return parameters, step
