"""The optimizers of torch, as functions of weights, gradients and their own state."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

Tree = Any


def zeros(weights: Tree) -> Tree:
    return jax.tree.map(jnp.zeros_like, weights)


def momentum(weights: Tree, gradients: Tree, speed: Tree, rate: float, decay: float = 0.0) -> tuple[Tree, Tree]:
    """SGD with momentum 0.9."""
    speed = jax.tree.map(lambda v, g, w: 0.9 * v + g + decay * w, speed, gradients, weights)
    return jax.tree.map(lambda w, v: w - rate * v, weights, speed), speed


def sgd(weights: Tree, gradients: Tree, rate: float) -> Tree:
    return jax.tree.map(lambda w, g: w - rate * g, weights, gradients)


def adam_state(weights: Tree) -> Tree:
    """Means of gradients and of their squares, and the number of steps."""
    return zeros(weights), zeros(weights), jnp.zeros((), jnp.int32)


def adam(
    weights: Tree, gradients: Tree, state: Tree, rate: float, betas: tuple[float, float] = (0.9, 0.999)
) -> tuple[Tree, Tree]:
    means, squares, count = state
    count = count + 1
    a, b = betas
    means = jax.tree.map(lambda m, g: a * m + (1 - a) * g, means, gradients)
    squares = jax.tree.map(lambda s, g: b * s + (1 - b) * g * g, squares, gradients)
    first, second = 1 - a**count, 1 - b**count
    weights = jax.tree.map(
        lambda w, m, s: w - rate / first * m / (jnp.sqrt(s) / jnp.sqrt(second) + 1e-8), weights, means, squares
    )
    return weights, (means, squares, count)


def adagrad(weights: Tree, gradients: Tree, sums: Tree, rate: float) -> tuple[Tree, Tree]:
    sums = jax.tree.map(lambda s, g: s + g * g, sums, gradients)
    return jax.tree.map(lambda w, g, s: w - rate * g / (jnp.sqrt(s) + 1e-10), weights, gradients, sums), sums


def clipped(gradients: Tree, largest: float) -> Tree:
    """No longer than `largest`, taken together."""
    norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(gradients)))
    return jax.tree.map(lambda g: g * jnp.minimum(largest / (norm + 1e-6), 1.0), gradients)
