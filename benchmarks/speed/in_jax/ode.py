"""The differential equation: a `lax.while_loop`; trained, a `lax.scan` over as many steps as it may take at most."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import Weights, linear
from benchmarks.speed.in_jax.optimizers import sgd

TOLERANCE = 1e-4
MOST = 64
"""More steps than any of the batches takes."""


def field(weights: Weights, y: Any) -> Any:
    inner = jnp.tanh(linear(weights, "field.inner", y))
    return (y**3) @ weights["field.turn"] + 0.1 * linear(weights, "field.outer", inner)


def one_step(weights: Weights, time: float, carried: Any) -> Any:
    """Try a step; take it if the error allows."""
    t, h, y = carried
    h = jnp.minimum(h, time - t)
    k1 = field(weights, y)
    k2 = field(weights, y + h / 2 * k1)
    k3 = field(weights, y + 3 * h / 4 * k2)
    better = y + h * (2 * k1 + 3 * k2 + 4 * k3) / 9
    k4 = field(weights, better)
    error = lax.stop_gradient(jnp.abs(h * (-5 * k1 / 72 + k2 / 12 + k3 / 9 - k4 / 8)).max())
    taken = error <= TOLERANCE
    t, y = jnp.where(taken, t + h, t), jnp.where(taken, better, y)
    return t, h * jnp.clip(0.9 * (TOLERANCE / (error + 1e-12)) ** (1 / 3), 0.2, 3.0), y


def begin(y: Any) -> Any:
    return jnp.zeros(()), jnp.full((), 0.05), y


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    time = 0.2 if small else 1.0

    @jax.jit
    def step(weights: Weights, y: Any) -> tuple[Any, Any]:
        *_, y = lax.while_loop(lambda carried: carried[0] < time, partial(one_step, weights, time), begin(y))
        return weights, y

    return parameters, step


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    time = 0.2 if small else 1.0

    def loss(weights: Weights, y: Any, target: Any) -> Any:
        def body(carried: Any, _: Any) -> tuple[Any, None]:
            going_on = carried[0] < time
            return lax.cond(going_on, partial(one_step, weights, time), lambda carried: carried, carried), None

        (_, _, y), _ = lax.scan(body, begin(y), None, length=MOST)
        return jnp.mean((y - target) ** 2)

    @partial(jax.jit, donate_argnums=0)
    def step(weights: Weights, y: Any, target: Any) -> tuple[Any, Any]:
        value, gradients = jax.value_and_grad(loss)(weights, y, target)
        return sgd(weights, gradients, 1e-4), value

    return parameters, step
