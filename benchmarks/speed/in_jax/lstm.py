"""The LSTM on characters with `lax.scan`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import Weights, cross_entropy, dropout, linear
from benchmarks.speed.in_jax.optimizers import clipped, sgd


def first_state(weights: Weights, small: bool) -> Any:
    batch = 4 if small else 20
    empty = jnp.zeros((batch, weights["embedding.weight"].shape[1]))
    return empty, empty + 0.0


def forward(weights: Weights, state: Any, tokens: Any, key: Any) -> tuple[Any, Any]:
    """The next state, and logits."""
    keys = (None, None) if key is None else jax.random.split(key)

    def dropped(key: Any, x: Any) -> Any:
        return x if key is None else dropout(key, x, 0.2)

    def cell(state: Any, x: Any) -> tuple[Any, Any]:
        hidden, memory = state
        gates = linear(weights, "cell.gates", jnp.concatenate([x, hidden], -1))
        enter, forget, candidate, leave = jnp.split(gates, 4, -1)
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        hidden = jax.nn.sigmoid(leave) * jnp.tanh(memory)
        return (hidden, memory), hidden

    state, outputs = lax.scan(cell, state, dropped(keys[0], weights["embedding.weight"][tokens]))
    return state, linear(weights, "decoder", dropped(keys[1], outputs))


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    def loss(weights: Weights, state: Any, key: Any, tokens: Any, targets: Any) -> tuple[Any, Any]:
        state, logits = forward(weights, state, tokens, key)
        return cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)), state

    @partial(jax.jit, donate_argnums=0)
    def step(carried: Any, tokens: Any, targets: Any) -> tuple[Any, Any]:
        weights, state, key = carried
        key, now = jax.random.split(key)
        (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(weights, state, now, tokens, targets)
        return (sgd(weights, clipped(gradients, 0.25), 1.0), state, key), value

    return (parameters, first_state(parameters, small), jax.random.key(0)), step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    @jax.jit
    def step(carried: Any, tokens: Any) -> tuple[Any, Any]:
        weights, state = carried
        state, logits = forward(weights, state, tokens, None)
        return (weights, state), logits

    return (parameters, first_state(parameters, small)), step
