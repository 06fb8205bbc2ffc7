"""The cellular automaton: a `lax.while_loop`; trained, a `lax.scan`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import IMAGES, Weights, conv, max_pool
from benchmarks.speed.in_jax.optimizers import adam, adam_state


def one_round(weights: Weights, senses: Any, cells: Any) -> Any:
    alive = max_pool(cells[:, :1], 3, 1, 1) > 0.1
    pads = [(1, 1), (1, 1)]
    channels = cells.shape[1]
    seen = lax.conv_general_dilated(cells, senses, (1, 1), pads, dimension_numbers=IMAGES, feature_group_count=channels)
    return (cells + conv(weights, "act", jax.nn.relu(conv(weights, "think", seen)))) * alive


def growing(cells: Any) -> Any:
    return (cells[:, 0] > 0.1).astype(jnp.float32).mean() < 0.9


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    rounds = 3 if small else 16

    @jax.jit
    def step(weights: Weights, cells: Any) -> tuple[Any, Any]:
        def going_on(carried: Any) -> Any:
            return (carried[0] < rounds) & growing(carried[1])

        def body(carried: Any) -> Any:
            return carried[0] + 1, one_round(weights, weights["senses"], carried[1])

        return weights, lax.while_loop(going_on, body, (0, cells))[1]

    return parameters, step


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    rounds = 3 if small else 16
    senses = parameters["senses"]
    weights = {name: value for name, value in parameters.items() if name != "senses"}

    def loss(weights: Weights, cells: Any, picture: Any) -> Any:
        def body(cells: Any, _: Any) -> tuple[Any, None]:
            return lax.cond(growing(cells), partial(one_round, weights, senses), lambda cells: cells, cells), None

        cells, _ = lax.scan(body, cells, None, length=rounds)
        return jnp.mean((cells[:, 0] - picture) ** 2)

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, cells: Any, picture: Any) -> tuple[Any, Any]:
        weights, moments = state
        value, gradients = jax.value_and_grad(loss)(weights, cells, picture)
        return adam(weights, gradients, moments, 1e-3), value

    return (weights, adam_state(weights)), step
