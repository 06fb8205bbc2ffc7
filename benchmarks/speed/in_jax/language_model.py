"""The language model on words: two layers with `lax.scan`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import Weights, cross_entropy, linear
from benchmarks.speed.in_jax.optimizers import adam, adam_state, clipped


def layer(weights: Weights, number: int, state: Any, inputs: Any) -> tuple[Any, Any]:
    """A layer of `nn.LSTM`: the products with the inputs are made before the loop."""
    recurrent = weights[f"lstm.weight_hh_l{number}"].T
    entered = inputs @ weights[f"lstm.weight_ih_l{number}"].T
    entered = entered + weights[f"lstm.bias_ih_l{number}"] + weights[f"lstm.bias_hh_l{number}"]

    def cell(state: Any, x: Any) -> tuple[Any, Any]:
        hidden, memory = state
        enter, forget, candidate, leave = jnp.split(x + hidden @ recurrent, 4, -1)
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        hidden = jax.nn.sigmoid(leave) * jnp.tanh(memory)
        return (hidden, memory), hidden

    return lax.scan(cell, state, entered)


def forward(weights: Weights, tokens: Any, state: Any) -> tuple[Any, Any]:
    """Logits and the next state, both of its parts [layer, batch, width]."""
    hidden, memory = state
    x, ends = weights["embedding.weight"][tokens], []
    for number in range(2):
        end, x = layer(weights, number, (hidden[number], memory[number]), x)
        ends.append(end)
    state = tuple(jnp.stack(parts) for parts in zip(*ends, strict=True))
    return linear(weights, "decoder", x), state


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    batch = 2 if small else 16
    empty = jnp.zeros((2, batch, parameters["embedding.weight"].shape[1]))

    def loss(weights: Weights, state: Any, tokens: Any, targets: Any) -> tuple[Any, Any]:
        logits, state = forward(weights, tokens, state)
        return cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)), state

    @partial(jax.jit, donate_argnums=0)
    def step(carried: Any, tokens: Any, targets: Any) -> tuple[Any, Any]:
        weights, state, moments = carried
        (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(weights, state, tokens, targets)
        weights, moments = adam(weights, clipped(gradients, 0.5), moments, 1e-3)
        return (weights, state, moments), value

    return (parameters, (empty, empty + 0.0), adam_state(parameters)), step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    @jax.jit
    def step(weights: Weights, tokens: Any, state: Any) -> tuple[Any, Any]:
        return weights, forward(weights, tokens, state)

    return parameters, step
